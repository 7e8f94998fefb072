#pragma once

#include "mail/result.hpp"

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace keystore {

/// The 32 octets that seal every secret of the store. Move-only, wiped when it dies; there is no
/// way to print it by accident.
class MasterKey {
 public:
  static constexpr std::size_t size = 32;
  using Octets = std::array<unsigned char, size>;

  /// Reads what text() writes or `openssl rand -base64 32` prints, with or without a line end;
  /// nothing of any other text. The caller wipes it.
  static std::optional<MasterKey> from_text(std::string_view text);
  /// A new one, of OpenSSL's random numbers.
  static mail::Result<MasterKey> generate();

  /// Base64 with a line end: a secret, for the key's file alone. The caller wipes it.
  [[nodiscard]] std::string text() const;

  /// Names the key without telling it: 8 hexadecimal digits. The store records it, so that another
  /// key is found out before anything is read.
  [[nodiscard]] std::string key_id() const;

  /// The value of a domain's ownership record: `postern-challenge=` and 32 base32 characters (RFC
  /// 4648, lower case), the first 20 octets of HMAC-SHA256(master key, domain).
  /// \param domain in lower-case A-labels, without the last dot
  [[nodiscard]] std::string challenge(std::string_view domain) const;

  /// Another key, for one purpose: HMAC-SHA256 of its name, which has a space, as no domain has.
  [[nodiscard]] MasterKey derived(std::string_view purpose) const;

  [[nodiscard]] const Octets& octets() const noexcept { return *octets_; }

 private:
  struct Wipe {
    void operator()(Octets* octets) const noexcept;
  };
  explicit MasterKey(std::unique_ptr<Octets, Wipe> octets) noexcept;
  static std::unique_ptr<Octets, Wipe> room();

  std::unique_ptr<Octets, Wipe> octets_;
};

}  // namespace keystore
