#include "relay/spool/trace_key.hpp"

#include "mail/header_fields.hpp"

#include <openssl/evp.h>
#include <openssl/params.h>

#include <array>
#include <stdexcept>
#include <string>

namespace spool {
namespace {

std::string_view bare(std::string_view word) {
  word = mail::trim(word);
  if (word.size() >= 2 && word.front() == '<' && word.back() == '>')
    word = word.substr(1, word.size() - 2);
  return mail::trim(word);
}

}  // namespace

void TraceKey::Free::operator()(evp_mac_ctx_st* context) const noexcept {
  EVP_MAC_CTX_free(context);
}

TraceKey::TraceKey(std::string_view secret) {
  EVP_MAC* hmac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  context_.reset(EVP_MAC_CTX_new(hmac));
  EVP_MAC_free(hmac);  // the context holds its own reference
  std::string digest = "SHA256";
  const std::array<OSSL_PARAM, 2> parameters{
      OSSL_PARAM_construct_utf8_string("digest", digest.data(), 0), OSSL_PARAM_construct_end()};
  const auto* octets = reinterpret_cast<const unsigned char*>(secret.data());
  if (!context_ || EVP_MAC_init(context_.get(), octets, secret.size(), parameters.data()) != 1)
    throw std::runtime_error("OpenSSL offers no HMAC-SHA256: install its default provider.");
}

std::int64_t TraceKey::of(std::string_view word) {
  const auto text = mail::to_lower(bare(word));
  std::array<unsigned char, 32> mac{};
  std::size_t length = 0;
  const auto* octets = reinterpret_cast<const unsigned char*>(text.data());
  if (EVP_MAC_init(context_.get(), nullptr, 0, nullptr) != 1 ||
      EVP_MAC_update(context_.get(), octets, text.size()) != 1 ||
      EVP_MAC_final(context_.get(), mac.data(), &length, mac.size()) != 1)
    throw std::runtime_error("OpenSSL could not compute an HMAC-SHA256.");
  std::uint64_t key = 0;
  for (std::size_t i = 0; i < sizeof key; ++i) key = key << 8U | mac[i];
  return static_cast<std::int64_t>(key);
}

}  // namespace spool
