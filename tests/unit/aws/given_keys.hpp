#pragma once

#include "relay/aws/credential_source.hpp"

#include <memory>

/// Credentials that stand in the configuration: AKIDEXAMPLE and `secret`.
inline std::unique_ptr<aws::CredentialSource> given_keys(aws::HttpClient& http,
                                                         const net::Clock& clock) {
  aws::CredentialSource::Settings settings;
  settings.configured.region = "eu-central-1";
  settings.configured.access_key_id = config::Secret("AKIDEXAMPLE");
  settings.configured.secret_access_key = config::Secret("secret");
  return aws::CredentialSource::make(http, clock, std::move(settings)).value();
}
