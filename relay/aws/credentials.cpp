#include "relay/aws/credentials.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <utility>

namespace aws {
namespace {

constexpr const char* id_variable = "AWS_ACCESS_KEY_ID";
constexpr const char* secret_variable = "AWS_SECRET_ACCESS_KEY";
constexpr const char* token_variable = "AWS_SESSION_TOKEN";
constexpr std::size_t max_token_octets = 8192;  // AWS sets no limit; those seen have up to 4096

// What can stand in a header line: a key with a line end in it would begin another one.
bool fits_a_header(std::string_view text, std::size_t most) {
  return text.size() <= most &&
         std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
}

config::Secret variable(const Environment& environment, const char* name) {
  const char* value = environment(name);
  return config::Secret(value == nullptr ? "" : value);
}

mail::Result<Credentials> from_environment(const Environment& environment) {
  Credentials found;
  found.access_key_id = variable(environment, id_variable);
  found.secret_access_key = variable(environment, secret_variable);
  found.session_token = variable(environment, token_variable);
  if (found.access_key_id.empty() && found.secret_access_key.empty())
    return mail::failure(
        fmt::format("There are no AWS credentials: give `aws.access_key_id_file` and "
                    "`aws.secret_access_key_file`, or set {} and {}",
                    id_variable,
                    secret_variable));
  if (found.access_key_id.empty() || found.secret_access_key.empty())
    return mail::failure(fmt::format(
        "Of {} and {} one is set alone: set both or neither", id_variable, secret_variable));
  const std::pair<const char*, const config::Secret&> values[] = {
      {id_variable, found.access_key_id},
      {secret_variable, found.secret_access_key},
      {token_variable, found.session_token}};
  for (const auto& [name, value] : values) {
    const std::size_t most = name == token_variable ? max_token_octets : config::max_secret_octets;
    if (!fits_a_header(value.reveal(), most))
      return mail::failure(fmt::format(
          "{} holds no key: set it to the key alone, printable ASCII without spaces, at most {} "
          "octets",
          name,
          most));
  }
  return found;
}

}  // namespace

mail::Result<Credentials> find_credentials(const config::Aws& configured,
                                           const Environment& environment) {
  if (configured.access_key_id.empty()) return from_environment(environment);
  Credentials given;
  given.access_key_id = configured.access_key_id;
  given.secret_access_key = configured.secret_access_key;
  return given;
}

}  // namespace aws
