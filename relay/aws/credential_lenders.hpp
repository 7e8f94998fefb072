#pragma once

#include "mail/result.hpp"
#include "relay/aws/credentials.hpp"
#include "relay/aws/http_client.hpp"

#include <boost/asio/awaitable.hpp>

#include <string>

namespace aws {

// Those that lend credentials, each asked once. A Failure is a sentence with the mend. `http` must
// outlive the call.

/// The endpoint at `url` that ECS or EKS gives a container. The token is that in the file of the
/// variables, read anew each time because it is rotated, else that of the variables, else none.
boost::asio::awaitable<mail::Result<LentCredentials>> lent_by_container(
    HttpClient& http, std::string url, CredentialVariables variables);

/// STS at `endpoint`, for the token in the file of the variables, read anew each time.
boost::asio::awaitable<mail::Result<LentCredentials>> lent_by_sts(HttpClient& http,
                                                                  std::string endpoint,
                                                                  CredentialVariables variables);

/// EC2's metadata service at `endpoint`, version 2 alone: the role of the instance.
boost::asio::awaitable<mail::Result<LentCredentials>> lent_by_instance(HttpClient& http,
                                                                       std::string endpoint);

}  // namespace aws
