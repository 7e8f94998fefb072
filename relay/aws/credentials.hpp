#pragma once

#include "relay/config/secret.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace aws {

/// AWS sets no limit to a session token; those seen have up to 4096 octets.
inline constexpr std::size_t max_token_octets = 8192;

/// What signs requests. The session token is empty for long-lived keys.
struct Credentials {
  config::Secret access_key_id, secret_access_key, session_token;
};

/// Credentials as a service of AWS hands them out.
struct LentCredentials {
  Credentials credentials;
  std::optional<std::chrono::system_clock::time_point> expires;  ///< none: it did not say
};

/// Whether it can stand in a header line: printable ASCII without spaces, at most `most` octets. A
/// key with a line end in it would begin another header.
[[nodiscard]] bool fits_a_header(std::string_view text, std::size_t most);

/// The value of an environment variable, or nullptr: getenv, or a test's own.
using Environment = std::function<const char*(const char* name)>;

/// What the environment says of credentials, under the names of AWS's SDKs. Empty: not set.
struct CredentialVariables {
  config::Secret access_key_id, secret_access_key, session_token;
  std::string web_identity_token_file, role_arn, role_session_name;
  std::string container_relative_uri, container_full_uri;
  std::string container_token_file;
  config::Secret container_token;
  bool metadata_disabled = false;  ///< AWS_EC2_METADATA_DISABLED=true
};

/// Reads them all; the only place that does.
[[nodiscard]] CredentialVariables credential_variables(const Environment& environment);

}  // namespace aws
