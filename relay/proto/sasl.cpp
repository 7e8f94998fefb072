#include "relay/proto/sasl.hpp"

#include "mail/header_fields.hpp"
#include "relay/proto/base64.hpp"

#include <utility>

namespace smtp {
namespace {

constexpr std::string_view user_name_prompt = "VXNlcm5hbWU6";  // "Username:"
constexpr std::string_view password_prompt = "UGFzc3dvcmQ6";   // "Password:"

bool acceptable(std::string_view word) {
  return !word.empty() && word.size() <= max_credential_octets && word.find('\0') == word.npos;
}

/// message = [authzid] NUL authcid NUL passwd (RFC 4616 2). Symfony sends the user name as authzid
/// too.
SaslStep read_plain(std::string_view message) {
  const std::size_t first = message.find('\0');
  if (first == message.npos) return SaslFault::malformed;
  const std::size_t second = message.find('\0', first + 1);
  if (second == message.npos) return SaslFault::malformed;
  const std::string_view authorise_as = message.substr(0, first);
  const std::string_view user = message.substr(first + 1, second - first - 1);
  const std::string_view password = message.substr(second + 1);
  if (!acceptable(user) || !acceptable(password)) return SaslFault::malformed;
  if (!authorise_as.empty() && authorise_as != user) return SaslFault::identity;
  return Credential{std::string(user), std::string(password)};
}

}  // namespace

std::optional<Mechanism> mechanism_of(std::string_view word) noexcept {
  if (mail::equals_ignoring_case(word, "PLAIN")) return Mechanism::plain;
  if (mail::equals_ignoring_case(word, "LOGIN")) return Mechanism::login;
  return std::nullopt;
}

SaslStep SaslExchange::begin(std::optional<std::string_view> initial_response) {
  if (initial_response && *initial_response != "=") return resume(*initial_response);
  return Challenge{mechanism_ == Mechanism::plain ? "" : user_name_prompt};
}

SaslStep SaslExchange::resume(std::string_view line) {
  if (line == "*") return SaslFault::cancelled;
  std::optional<std::string> octets = base64_decode(line);
  if (!octets) return SaslFault::malformed;
  SaslStep step = take(*octets);
  wipe(*octets);
  return step;
}

SaslStep SaslExchange::take(std::string_view octets) {
  if (mechanism_ == Mechanism::plain) return read_plain(octets);
  if (!acceptable(octets)) return SaslFault::malformed;
  if (user_) return Credential{std::move(*user_), std::string(octets)};
  user_ = octets;
  return Challenge{password_prompt};
}

void wipe(std::string& secret) noexcept {
  volatile char* octet = secret.data();
  for (std::size_t i = 0; i < secret.size(); ++i) octet[i] = '\0';
  secret.clear();
}

}  // namespace smtp
