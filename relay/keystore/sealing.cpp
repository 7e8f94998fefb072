#include "relay/keystore/sealing.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <vector>

namespace keystore {
namespace {

using mail::failure;
using mail::Result;

constexpr std::string_view version = "v1:";
constexpr std::size_t id_size = 8;
constexpr std::size_t nonce_size = 12;
constexpr std::size_t tag_size = 16;
constexpr std::size_t max_box_text =
    4 * ((nonce_size + max_secret_octets + tag_size + 2) / 3);  ///< in base64

using Octets = std::vector<unsigned char>;

struct Free {
  void operator()(EVP_CIPHER_CTX* context) const noexcept { EVP_CIPHER_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_CIPHER_CTX, Free>;

const unsigned char* octets_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

MasterKey sealing_key(const MasterKey& master) { return master.derived("postern sealing key"); }

/// "v1:KEYID:", also authenticated.
std::string head_of(const MasterKey& master) {
  return std::string(version) + master.key_id() + ":";
}

/// No two purposes give the same text, because a kind has no NUL.
std::string authenticated(std::string_view head, const Purpose& purpose) {
  std::string text(head);
  text.append(purpose.kind).push_back('\0');
  return text.append(purpose.name);
}

std::string base64(const Octets& octets) {
  std::string text(4 * ((octets.size() + 2) / 3) + 1, '\0');
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                  octets.data(),
                  static_cast<int>(octets.size()));
  text.pop_back();
  return text;
}

/// Nothing but what base64() writes.
std::optional<Octets> decoded(std::string_view text) {
  if (text.empty() || text.size() > max_box_text || text.size() % 4 != 0) return std::nullopt;
  Octets octets(text.size() / 4 * 3);
  const int length = EVP_DecodeBlock(octets.data(), octets_of(text), static_cast<int>(text.size()));
  if (length < 0) return std::nullopt;
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  octets.resize(static_cast<std::size_t>(length) - padding);
  if (base64(octets) != text) return std::nullopt;
  return octets;
}

/// nonce, room for the secret, room for the tag
bool encrypt(const MasterKey& key,
             std::string_view authenticated,
             std::string_view secret,
             Octets& box) {
  const Context context(EVP_CIPHER_CTX_new());
  unsigned char* nonce = box.data();
  unsigned char* body = nonce + nonce_size;
  unsigned char* tag = body + secret.size();
  int length = 0;
  return context != nullptr && RAND_bytes(nonce, static_cast<int>(nonce_size)) == 1 &&
         EVP_EncryptInit_ex2(
             context.get(), EVP_aes_256_gcm(), key.octets().data(), nonce, nullptr) == 1 &&
         EVP_EncryptUpdate(context.get(),
                           nullptr,
                           &length,
                           octets_of(authenticated),
                           static_cast<int>(authenticated.size())) == 1 &&
         EVP_EncryptUpdate(
             context.get(), body, &length, octets_of(secret), static_cast<int>(secret.size())) ==
             1 &&
         EVP_EncryptFinal_ex(context.get(), tag, &length) == 1 &&
         EVP_CIPHER_CTX_ctrl(
             context.get(), EVP_CTRL_AEAD_GET_TAG, static_cast<int>(tag_size), tag) == 1;
}

/// \param secret as long as the box without nonce and tag
bool decrypt(const MasterKey& key,
             std::string_view authenticated,
             Octets& box,
             std::string& secret) {
  const Context context(EVP_CIPHER_CTX_new());
  const unsigned char* nonce = box.data();
  const unsigned char* body = nonce + nonce_size;
  unsigned char* tag = box.data() + nonce_size + secret.size();
  auto* opened = reinterpret_cast<unsigned char*>(secret.data());
  int length = 0;
  return context != nullptr &&
         EVP_DecryptInit_ex2(
             context.get(), EVP_aes_256_gcm(), key.octets().data(), nonce, nullptr) == 1 &&
         EVP_DecryptUpdate(context.get(),
                           nullptr,
                           &length,
                           octets_of(authenticated),
                           static_cast<int>(authenticated.size())) == 1 &&
         EVP_DecryptUpdate(context.get(), opened, &length, body, static_cast<int>(secret.size())) ==
             1 &&
         EVP_CIPHER_CTX_ctrl(
             context.get(), EVP_CTRL_AEAD_SET_TAG, static_cast<int>(tag_size), tag) == 1 &&
         EVP_DecryptFinal_ex(context.get(), opened + length, &length) == 1;
}

std::string name_of(const Purpose& purpose) {
  return "The sealed " + std::string(purpose.kind) + " of " + std::string(purpose.name);
}

mail::Failure damaged(const Purpose& purpose) {
  return failure(name_of(purpose) +
                 " is damaged, or was sealed for something else: restore the store from a backup.");
}

/// Why the text is not one of this master key's; nothing if it is.
std::optional<mail::Failure> foreign(const MasterKey& master,
                                     const Purpose& purpose,
                                     std::string_view sealed) {
  if (!sealed.starts_with(version) || sealed.size() <= version.size() + id_size) {
    return damaged(purpose);
  }
  if (sealed.substr(version.size(), id_size) == master.key_id()) return std::nullopt;
  return failure(name_of(purpose) +
                 " was sealed with another master key: give the file of that key as "
                 "master_key_file.");
}

}  // namespace

Secret::~Secret() {
  text_.resize(text_.capacity());  // a short text that was moved away still lies behind the end
  OPENSSL_cleanse(text_.data(), text_.size());
}

Result<std::string> seal(const MasterKey& master, const Purpose& purpose, std::string_view secret) {
  if (secret.size() > max_secret_octets) {
    return failure("A secret over 64 KiB is not sealed: give a shorter one.");
  }
  std::string head = head_of(master);
  Octets box(nonce_size + secret.size() + tag_size);
  if (!encrypt(sealing_key(master), authenticated(head, purpose), secret, box)) {
    return failure("OpenSSL could not seal a secret: is there memory left?");
  }
  return Result<std::string>(boost::system::in_place_value, std::move(head) + base64(box));
}

Result<Secret> open(const MasterKey& master, const Purpose& purpose, std::string_view sealed) {
  if (auto mistake = foreign(master, purpose, sealed)) return *std::move(mistake);
  const std::string head = head_of(master);
  auto box = sealed.starts_with(head) ? decoded(sealed.substr(head.size())) : std::nullopt;
  if (!box || box->size() < nonce_size + tag_size) return damaged(purpose);
  Secret secret(std::string(box->size() - nonce_size - tag_size, '\0'));
  if (!decrypt(sealing_key(master), authenticated(head, purpose), *box, secret.text_)) {
    return damaged(purpose);
  }
  return secret;
}

Result<std::string> reseal(const MasterKey& from,
                           const MasterKey& to,
                           const Purpose& purpose,
                           std::string_view sealed) {
  if (open(to, purpose, sealed)) {
    return Result<std::string>(boost::system::in_place_value, sealed);
  }
  const auto secret = open(from, purpose, sealed);
  if (!secret) return secret.error();
  return seal(to, purpose, secret->reveal());
}

}  // namespace keystore
