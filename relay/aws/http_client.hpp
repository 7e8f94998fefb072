#pragma once

#include "mail/result.hpp"
#include "relay/aws/credentials.hpp"
#include "relay/config/secret.hpp"

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace aws {

/// Requests not yet answered; one more is answered at once with a failure.
inline constexpr std::size_t max_requests = 64;
/// Of a response's body, where the request does not allow more.
inline constexpr std::size_t max_response_octets = std::size_t{256} * 1024;

/// Who signs a request, and for which service (Signature Version 4).
struct Signing {
  Credentials credentials;
  std::string region, service;  ///< `eu-central-1`, `ses`
};

struct HttpRequest {
  std::string method = "GET";
  /// http or https. Where the request is signed: without a query, and of the path only letters,
  /// digits, `-._~/` and escapes like `%2B`, because libcurl 7.88 does not sign the others as AWS
  /// does.
  std::string url;
  std::vector<std::string> headers;  ///< `Name: value`
  config::Secret body;               ///< wiped: it may carry a private key. Not sent with GET
  std::optional<Signing> signing;
  std::chrono::milliseconds connect_within{5000};
  std::chrono::milliseconds within{15000};        ///< all of it
  std::size_t most_octets = max_response_octets;  ///< of the body of the response
  bool cuts_body = false;  ///< a longer body is cut there; else it is a failure
  /// The only addresses that the URL's host, a name, is looked for at, instead of being looked up.
  std::vector<std::string> addresses;
  std::string called;    ///< instead of the URL in a failure, where it is a secret
  std::stop_token stop;  ///< ends the request at once, with a failure
};

struct HttpResponse {
  unsigned status = 0;
  std::string error_type;                        ///< x-amzn-ErrorType, empty if absent
  std::optional<std::chrono::sys_seconds> date;  ///< the server's clock, where it tells it
  std::string body;                              ///< at most as many octets as the request allowed
};

/// HTTP requests by libcurl on one thread of its own, `aws-http`. TLS is verified, redirects are
/// not followed, proxies of the environment are not used.
class HttpClient {
 public:
  /// Loads libcurl and starts the thread. Servers are verified against `ca_file`, or the system's
  /// authorities where it is empty.
  [[nodiscard]] static mail::Result<std::unique_ptr<HttpClient>> start(
      const std::filesystem::path& ca_file = {});
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;
  ~HttpClient();  ///< close()

  /// The response, whatever its status; a failure says why there is none. It comes back on the
  /// awaiting coroutine's executor, whose context must outlive close(). May be called on any
  /// thread.
  boost::asio::awaitable<mail::Result<HttpResponse>> send(HttpRequest request);
  /// Ends all requests under way, each with a failure, and then the thread, without waiting for any
  /// server. What is sent afterwards fails at once. For the owner's thread.
  void close();

 private:
  class Worker;
  explicit HttpClient(std::unique_ptr<Worker> worker);
  std::unique_ptr<Worker> worker_;
};

}  // namespace aws
