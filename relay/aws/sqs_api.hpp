#pragma once

#include "mail/result.hpp"
#include "relay/aws/credential_source.hpp"
#include "relay/aws/http_client.hpp"
#include "relay/aws/sqs_answer.hpp"

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace aws {

/// `https://sqs.eu-central-1.amazonaws.com`: where SQS of that region answers.
[[nodiscard]] std::string sqs_endpoint(std::string_view region);

/// The region in a queue's URL, `https://sqs.REGION.amazonaws.com/…`; empty if it is no such URL.
[[nodiscard]] std::string region_of_queue(std::string_view url);

/// The calls on one queue (JSON protocol of SQS). Lives on one executor, the one its calls are
/// awaited on, and stays until they have returned.
class SqsApi {
 public:
  struct Queue {
    std::string url;
    std::string region;    ///< empty: region_of_queue(url)
    std::string endpoint;  ///< empty: sqs_endpoint(region)
  };

  SqsApi(HttpClient& http, CredentialSource& credentials, Queue queue);

  /// At most `most` messages (1 to max_batch), hidden from other readers for `hidden`; waits for
  /// the first one up to `wait` (20 s at most). `stop` ends the wait at once, unreachable.
  boost::asio::awaitable<Received> receive(unsigned most,
                                           std::chrono::seconds wait,
                                           std::chrono::seconds hidden,
                                           std::stop_token stop);
  /// Deletes at most max_batch messages.
  boost::asio::awaitable<BatchAnswer> remove(std::vector<std::string> handles,
                                             std::stop_token stop);
  /// Hides at most max_batch messages for so long from now on; zero: they can be read again.
  boost::asio::awaitable<BatchAnswer> hide(std::vector<Hiding> hidings, std::stop_token stop);

  [[nodiscard]] const Queue& queue() const noexcept { return queue_; }

 private:
  boost::asio::awaitable<SqsReply> ask(std::string_view action,
                                       std::string body,
                                       std::chrono::milliseconds within,
                                       std::stop_token stop);

  HttpClient& http_;
  CredentialSource& credentials_;
  Queue queue_;
};

}  // namespace aws
