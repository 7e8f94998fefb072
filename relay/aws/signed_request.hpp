#pragma once

#include "mail/result.hpp"
#include "relay/aws/credential_source.hpp"
#include "relay/aws/http_client.hpp"

#include <boost/asio/awaitable.hpp>

#include <string>

namespace aws {

/// For which service of which region a request is signed.
struct Scope {
  std::string region, service;  ///< `eu-central-1`, `ses`
};

/// Sends a request signed with the credentials that hold now; where AWS answers that they have
/// expired, once more with others. Both references must outlive the call.
boost::asio::awaitable<mail::Result<HttpResponse>> send_signed(HttpClient& http,
                                                               CredentialSource& credentials,
                                                               Scope scope,
                                                               HttpRequest request);

}  // namespace aws
