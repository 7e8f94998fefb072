#pragma once

#include "policy/facts.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace net {

/// A salted SHA-256 of a generated 256-bit secret, which needs no slow hash (docs/architecture.md).
class Credential {
 public:
  using Salt = std::array<std::uint8_t, 16>;

  Credential(std::string_view password, Salt salt);
  /// What text() gave; nothing for anything else.
  [[nodiscard]] static std::optional<Credential> parse(std::string_view text);
  /// Salt and hash, to be kept: `sha256:SALT:HASH` in hexadecimal digits.
  [[nodiscard]] std::string text() const;
  /// Compares in constant time.
  [[nodiscard]] bool matches(std::string_view password) const;
  /// The same salt and hash, not only the same password.
  bool operator==(const Credential&) const = default;

 private:
  using Digest = std::array<std::uint8_t, 32>;
  Credential(Salt salt, Digest digest) : salt_(salt), digest_(digest) {}
  [[nodiscard]] Digest digest(std::string_view password) const;
  Salt salt_;
  Digest digest_;
};

/// The apps of this moment: one immutable snapshot, replaced whole on reload.
struct Directory {
  std::map<std::string, std::shared_ptr<const policy::AppFacts>, std::less<>> apps;
  std::map<std::string, Credential, std::less<>>
      credentials;  ///< by app name, which is the AUTH user name
  /// How long the very same message of an app is a repeat of the first; 0: never.
  std::chrono::seconds duplicates_window{0};

  /// The app that this credential belongs to, or null. Costs the same whether the user exists or
  /// not.
  [[nodiscard]] std::shared_ptr<const policy::AppFacts> authenticate(
      std::string_view user, std::string_view password) const;
  [[nodiscard]] std::shared_ptr<const policy::AppFacts> app(std::string_view name) const;
};

}  // namespace net
