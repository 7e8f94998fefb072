#include "relay/net/directory.hpp"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <vector>

namespace net {

Credential::Credential(std::string_view password, std::array<std::uint8_t, 16> salt)
    : salt_(salt), digest_(digest(password)) {}

Credential::Digest Credential::digest(std::string_view password) const {
  std::vector<std::uint8_t> salted(salt_.begin(), salt_.end());
  salted.insert(salted.end(), password.begin(), password.end());
  Digest result{};
  SHA256(salted.data(), salted.size(), result.data());
  OPENSSL_cleanse(salted.data(), salted.size());
  return result;
}

bool Credential::matches(std::string_view password) const {
  const Digest offered = digest(password);
  return CRYPTO_memcmp(offered.data(), digest_.data(), digest_.size()) == 0;
}

std::shared_ptr<const policy::AppFacts> Directory::authenticate(std::string_view user,
                                                                std::string_view password) const {
  static const Credential nobody("", {});
  const auto found = credentials.find(user);
  const bool good = (found == credentials.end() ? nobody : found->second).matches(password);
  return good && found != credentials.end() ? app(user) : nullptr;
}

std::shared_ptr<const policy::AppFacts> Directory::app(std::string_view name) const {
  const auto found = apps.find(name);
  return found == apps.end() ? nullptr : found->second;
}

}  // namespace net
