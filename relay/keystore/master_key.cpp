#include "relay/keystore/master_key.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <algorithm>
#include <cstdint>
#include <new>
#include <span>
#include <utility>

namespace keystore {
namespace {

using mail::failure;
using mail::Result;

constexpr std::size_t text_size = 44;  ///< of 32 octets in base64

std::string hexadecimal(std::span<const unsigned char> octets) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const unsigned char octet : octets) {
    text += digits[octet >> 4U];
    text += digits[octet & 0x0fU];
  }
  return text;
}

/// RFC 4648 6, lower case, for a multiple of 5 octets: no padding.
std::string base32(std::span<const unsigned char> octets) {
  constexpr std::string_view alphabet = "abcdefghijklmnopqrstuvwxyz234567";
  std::string text;
  std::uint32_t bits = 0;
  unsigned held = 0;
  for (const unsigned char octet : octets) {
    bits = bits << 8U | octet;
    for (held += 8; held >= 5; held -= 5) text += alphabet[bits >> (held - 5) & 0x1fU];
  }
  return text;
}

std::string base64(const MasterKey::Octets& octets) {
  std::string text(text_size + 1, '\0');
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                  octets.data(),
                  static_cast<int>(octets.size()));
  text.pop_back();
  return text;
}

void wipe(std::string& text) { OPENSSL_cleanse(text.data(), text.size()); }

}  // namespace

void MasterKey::Wipe::operator()(Octets* octets) const noexcept {
  OPENSSL_cleanse(octets->data(), octets->size());
  delete octets;
}

MasterKey::MasterKey(std::unique_ptr<Octets, Wipe> octets) noexcept : octets_(std::move(octets)) {}

std::unique_ptr<MasterKey::Octets, MasterKey::Wipe> MasterKey::room() {
  return std::unique_ptr<Octets, Wipe>(new Octets{});
}

std::optional<MasterKey> MasterKey::from_text(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.ends_with('\r')) text.remove_suffix(1);
  auto octets = room();
  std::array<unsigned char, size + 1> decoded{};  // the padding gives an octet, too
  const bool read = text.size() == text_size &&
                    EVP_DecodeBlock(decoded.data(),
                                    reinterpret_cast<const unsigned char*>(text.data()),
                                    static_cast<int>(text_size)) == decoded.size();
  std::copy_n(decoded.begin(), size, octets->begin());
  OPENSSL_cleanse(decoded.data(), decoded.size());
  std::string again = base64(*octets);
  const bool is_key = read && CRYPTO_memcmp(again.data(), text.data(), text_size) == 0;
  wipe(again);
  if (!is_key) return std::nullopt;
  return MasterKey(std::move(octets));
}

Result<MasterKey> MasterKey::generate() {
  auto octets = room();
  if (RAND_priv_bytes(octets->data(), static_cast<int>(size)) != 1) {
    return failure("OpenSSL has no random numbers for a master key: give it a working getrandom.");
  }
  return MasterKey(std::move(octets));
}

std::string MasterKey::text() const { return base64(*octets_) + "\n"; }

MasterKey MasterKey::derived(std::string_view purpose) const {
  auto octets = room();
  const auto* message = reinterpret_cast<const unsigned char*>(purpose.data());
  const auto* made = HMAC(EVP_sha256(),
                          octets_->data(),
                          static_cast<int>(size),
                          message,
                          purpose.size(),
                          octets->data(),
                          nullptr);
  if (made == nullptr) throw std::bad_alloc();  // OpenSSL fails here for want of memory alone
  return MasterKey(std::move(octets));
}

std::string MasterKey::key_id() const {
  return hexadecimal(std::span(derived("postern key id").octets()).first(4));
}

std::string MasterKey::challenge(std::string_view domain) const {
  return "postern-challenge=" + base32(std::span(derived(domain).octets()).first(20));
}

}  // namespace keystore
