#pragma once

#include "mail/result.hpp"
#include "relay/config/config.hpp"
#include "relay/config/secret.hpp"

#include <functional>

namespace aws {

/// What signs requests. The session token is empty for long-lived keys.
struct Credentials {
  config::Secret access_key_id, secret_access_key, session_token;
};

/// The value of an environment variable, or nullptr: getenv, or a test's own.
using Environment = std::function<const char*(const char* name)>;

/// The keys of the configuration, or where it has none those of AWS_ACCESS_KEY_ID,
/// AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN. The failure says which half is missing or what
/// cannot be a key, and shows none.
[[nodiscard]] mail::Result<Credentials> find_credentials(const config::Aws& configured,
                                                         const Environment& environment);

}  // namespace aws
