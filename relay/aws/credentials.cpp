#include "relay/aws/credentials.hpp"

#include <algorithm>

namespace aws {

bool fits_a_header(std::string_view text, std::size_t most) {
  return text.size() <= most &&
         std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
}

CredentialVariables credential_variables(const Environment& environment) {
  const auto text = [&](const char* name) -> std::string {
    const char* value = environment(name);
    return value == nullptr ? "" : value;
  };
  CredentialVariables found;
  found.access_key_id = config::Secret(text("AWS_ACCESS_KEY_ID"));
  found.secret_access_key = config::Secret(text("AWS_SECRET_ACCESS_KEY"));
  found.session_token = config::Secret(text("AWS_SESSION_TOKEN"));
  found.web_identity_token_file = text("AWS_WEB_IDENTITY_TOKEN_FILE");
  found.role_arn = text("AWS_ROLE_ARN");
  found.role_session_name = text("AWS_ROLE_SESSION_NAME");
  found.container_relative_uri = text("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  found.container_full_uri = text("AWS_CONTAINER_CREDENTIALS_FULL_URI");
  found.container_token_file = text("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
  found.container_token = config::Secret(text("AWS_CONTAINER_AUTHORIZATION_TOKEN"));
  std::string disabled = text("AWS_EC2_METADATA_DISABLED");
  std::ranges::transform(disabled, disabled.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  found.metadata_disabled = disabled == "true";
  return found;
}

}  // namespace aws
