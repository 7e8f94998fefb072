#pragma once

#include "mail/result.hpp"
#include "relay/aws/credential_source.hpp"
#include "relay/aws/http_client.hpp"
#include "relay/config/config.hpp"
#include "relay/net/clock.hpp"

#include <memory>

namespace app {

/// What every call of AWS goes by. Both are null where the configuration calls for none.
struct AwsAccess {
  std::unique_ptr<aws::HttpClient> http;
  std::unique_ptr<aws::CredentialSource> credentials;
};

/// Whether SES's API is asked about identities and the account.
[[nodiscard]] bool asks_ses(const config::Config& settings);

/// Asks nobody yet. A Failure says what of the configuration or the environment cannot be used.
[[nodiscard]] mail::Result<AwsAccess> open_aws(const config::Config& settings,
                                               const net::Clock& clock);

}  // namespace app
