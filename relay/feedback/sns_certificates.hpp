#pragma once

#include "mail/result.hpp"
#include "relay/aws/http_client.hpp"
#include "relay/feedback/sns_signature.hpp"
#include "relay/net/clock.hpp"
#include "relay/net/coro.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace feedback {

inline constexpr std::size_t most_signing_keys = 8;         ///< kept
inline constexpr std::size_t most_certificate_fetches = 8;  ///< under way or failed just now
inline constexpr std::size_t longest_certificate = std::size_t{64} * 1024;  ///< octets of PEM
inline constexpr std::chrono::hours signing_key_kept{24};
inline constexpr std::chrono::seconds certificate_failure_kept{30};
inline constexpr std::chrono::seconds certificate_within{5};

/// The keys by which SNS's posts are verified. For one executor, whose context must outlive the
/// requests under way.
class SnsCertificates {
 public:
  using Fetch = std::function<net::asio::awaitable<mail::Result<aws::HttpResponse>>(
      aws::HttpRequest request)>;

  /// Fetches them: by aws::HttpClient::send, which follows no redirect. The clock outlives all use.
  SnsCertificates(Fetch fetch, const net::Clock& clock);
  /// One key stands for all of them and nothing is fetched (`feedback.sns.certificate_file`).
  explicit SnsCertificates(SigningKey fixed);
  SnsCertificates(const SnsCertificates&) = delete;
  SnsCertificates& operator=(const SnsCertificates&) = delete;
  ~SnsCertificates();

  /// The key of the certificate at a post's certificate_url(). Each URL is fetched once at a time,
  /// and not again for a day, or for 30 s after a failure. A failure is of the moment: SNS tries
  /// again where it is answered 5xx.
  net::asio::awaitable<mail::Result<SigningKey>> key(std::string url);

 private:
  struct Shelf;
  std::optional<SigningKey> fixed_;
  std::shared_ptr<Shelf> shelf_;  ///< shared with the requests under way; none with a fixed key
};

}  // namespace feedback
