#pragma once

#include "policy/facts.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace net {

/// A salted SHA-256 of a generated 256-bit secret, which needs no slow hash (docs/architecture.md).
class Credential {
 public:
  Credential(std::string_view password, std::array<std::uint8_t, 16> salt);
  /// Compares in constant time.
  [[nodiscard]] bool matches(std::string_view password) const;

 private:
  using Digest = std::array<std::uint8_t, 32>;
  [[nodiscard]] Digest digest(std::string_view password) const;
  std::array<std::uint8_t, 16> salt_;
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
