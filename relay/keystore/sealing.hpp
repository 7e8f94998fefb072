#pragma once

#include "mail/result.hpp"
#include "relay/keystore/master_key.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace keystore {

/// What a sealed text is for: it opens only as that, so that nobody who can write to the store
/// swaps one secret for another.
struct Purpose {
  std::string_view kind;  ///< "dkim-key": no NUL
  std::string_view name;  ///< whose: "example.com/p1"
};

/// An opened secret. Move-only, wiped when it dies; there is no way to print it by accident.
class Secret {
 public:
  explicit Secret(std::string text) noexcept : text_(std::move(text)) {}
  ~Secret();
  Secret(Secret&& other) noexcept : text_(std::exchange(other.text_, {})) {}
  Secret& operator=(Secret&& other) noexcept {
    text_.swap(other.text_);  // wiped with `other`
    return *this;
  }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;

  [[nodiscard]] const std::string& reveal() const noexcept { return text_; }

 private:
  friend mail::Result<Secret> open(const MasterKey&, const Purpose&, std::string_view);
  std::string text_;
};

/// A private key's PEM has a few kilo-octets.
inline constexpr std::size_t max_secret_octets = 65536;

/// `v1:KEYID:BASE64` for the store: AES-256-GCM (NIST SP 800-38D) of the secret under a key derived
/// from the master key, with 96 random bits of nonce in front and the 128-bit tag behind; purpose
/// and key id are authenticated with it. A nonce is random, so one master key seals at most 2^32
/// secrets. Fails for a secret over max_secret_octets, and when OpenSSL does.
[[nodiscard]] mail::Result<std::string> seal(const MasterKey& master,
                                             const Purpose& purpose,
                                             std::string_view secret);

/// What seal() took. Fails in one sentence, which shows nothing of key or secret, for a text that
/// was sealed with another master key or for another purpose, or is not whole.
[[nodiscard]] mail::Result<Secret> open(const MasterKey& master,
                                        const Purpose& purpose,
                                        std::string_view sealed);

/// The text sealed anew, when the master key is rotated. One that `to` has sealed already stays as
/// it is, so that a rotation that was cut short can be run again.
[[nodiscard]] mail::Result<std::string> reseal(const MasterKey& from,
                                               const MasterKey& to,
                                               const Purpose& purpose,
                                               std::string_view sealed);

}  // namespace keystore
