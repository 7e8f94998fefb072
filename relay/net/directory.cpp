#include "relay/net/directory.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <charconv>
#include <span>
#include <vector>

namespace net {
namespace {

constexpr std::string_view scheme = "sha256:";

bool read_hex(std::string_view digits, std::span<std::uint8_t> into) {
  for (std::size_t i = 0; i < into.size(); ++i) {
    const char* const pair = digits.data() + 2 * i;
    const auto [end, error] = std::from_chars(pair, pair + 2, into[i], 16);
    if (error != std::errc() || end != pair + 2) return false;
  }
  return true;
}

}  // namespace

Credential::Credential(std::string_view password, std::array<std::uint8_t, 16> salt)
    : salt_(salt), digest_(digest(password)) {}

std::optional<Credential> Credential::parse(std::string_view text) {
  Salt salt{};
  Digest digest{};
  const std::size_t colon = scheme.size() + 2 * salt.size();
  if (text.size() != colon + 1 + 2 * digest.size() || !text.starts_with(scheme) ||
      text[colon] != ':' || !read_hex(text.substr(scheme.size(), 2 * salt.size()), salt) ||
      !read_hex(text.substr(colon + 1), digest))
    return std::nullopt;
  return Credential(salt, digest);
}

std::string Credential::text() const {
  return fmt::format("{}{:02x}:{:02x}", scheme, fmt::join(salt_, ""), fmt::join(digest_, ""));
}

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
