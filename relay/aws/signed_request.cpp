#include "relay/aws/signed_request.hpp"

#include "relay/aws/service_error.hpp"

#include <utility>

namespace aws {
namespace {

bool says_expired(const HttpResponse& response) {
  if (response.status < 400) return false;
  return is_expiry(response.status, read_error(response.error_type, response.body).type);
}

}  // namespace

boost::asio::awaitable<mail::Result<HttpResponse>> send_signed(HttpClient& http,
                                                               CredentialSource& credentials,
                                                               Scope scope,
                                                               HttpRequest request) {
  auto first = co_await credentials.now();
  if (!first) co_return first.error();
  HttpRequest again = request;
  request.signing = Signing{*first, scope.region, scope.service};
  auto response = co_await http.send(std::move(request));
  if (!response || !says_expired(*response)) co_return response;
  auto others = co_await credentials.instead_of(*std::move(first));
  if (!others) co_return response;
  again.signing = Signing{*std::move(others), std::move(scope.region), std::move(scope.service)};
  co_return co_await http.send(std::move(again));
}

}  // namespace aws
