#pragma once

#include "dkim/pem_cache.hpp"
#include "mail/result.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace dkim {

enum class Algorithm {
  rsa_sha256,      ///< RFC 6376; every receiver verifies it
  ed25519_sha256,  ///< RFC 8463; few receivers verify it
};
[[nodiscard]] std::string_view word(Algorithm algorithm) noexcept;  ///< as in a=: "rsa-sha256"

/// A private key that can sign, immutable and cheap to copy. Its text is wiped when the last copy
/// dies, and there is no way to print it by accident.
class PrivateKey {
 public:
  [[nodiscard]] Algorithm algorithm() const noexcept { return algorithm_; }
  [[nodiscard]] unsigned bits() const noexcept { return bits_; }

  /// The key as PKCS#8 PEM: a secret, for storing and signing only.
  [[nodiscard]] const std::string& pem() const noexcept { return parsed_->pem(); }

  /// The text of the TXT record to publish: `v=DKIM1; k=rsa; p=…` (character_strings splits it).
  [[nodiscard]] const std::string& public_record() const noexcept { return public_record_; }

 private:
  friend mail::Result<PrivateKey> read_key(std::string_view pem, bool allow_weak);
  friend mail::Result<PrivateKey> generate_key(Algorithm algorithm);
  friend mail::Result<PrivateKey> to_private_key(evp_pkey_st* key);
  PrivateKey() = default;

  Algorithm algorithm_ = Algorithm::rsa_sha256;
  unsigned bits_ = 0;
  std::string public_record_;
  std::shared_ptr<const ParsedKey> parsed_;
};

/// Reads the one unencrypted RSA or Ed25519 key of a text in PEM (PKCS#1 or PKCS#8), whatever else
/// stands around it. RSA below 1024 or above 4096
/// bits is refused, because receivers ignore such signatures (RFC 8301 3.2); below 2048 too unless
/// `allow_weak`. Every refusal is one sentence that names no octet of the text. The caller wipes
/// `pem`.
[[nodiscard]] mail::Result<PrivateKey> read_key(std::string_view pem, bool allow_weak = false);

/// A new key: RSA of 2048 bits, or Ed25519.
[[nodiscard]] mail::Result<PrivateKey> generate_key(Algorithm algorithm);

/// What is wrong with a key file's permissions, and the mend, in one sentence; nothing if only
/// those who must can read it. A file of another owner is one that was mounted for us: its group
/// may read it.
/// \param mode the permission bits of st_mode
/// \param owner_is_us the file belongs to the user the relay runs as
/// \param what the file is, for the sentence
[[nodiscard]] std::optional<std::string> permission_mistake(
    unsigned mode, bool owner_is_us, std::string_view what = "DKIM key file");

}  // namespace dkim
