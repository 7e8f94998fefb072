#pragma once

#include "mail/result.hpp"
#include "relay/aws/http_client.hpp"
#include "relay/config/config.hpp"
#include "relay/config/url.hpp"
#include "relay/net/clock.hpp"
#include "relay/net/coro.hpp"
#include "relay/notices/post.hpp"
#include "relay/observe/log.hpp"
#include "relay/observe/metrics.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <vector>

namespace notices {

/// Posts to the operator's webhook, one after the other in their order: by https to addresses that
/// were looked at (config::is_public, or listed), no redirect followed. What fails for a while is
/// sent again, ever more slowly, for an hour. Held in memory alone. Lives on one executor.
class Webhook : public std::enable_shared_from_this<Webhook> {
 public:
  static constexpr std::size_t most_waiting = 100;  ///< beyond, the oldest is dropped
  static constexpr std::chrono::seconds within{10};
  static constexpr std::chrono::hours given_up_after{1};
  static constexpr std::size_t most_response = std::size_t{64} * 1024;  ///< no more of it is read

  struct Parts {
    boost::asio::any_io_executor executor;
    net::Clock& clock;
    observe::Log& log;
    observe::Metrics& metrics;
    net::ExceptionSink sink;
    std::chrono::milliseconds first_pause{5000};  ///< after a failure; it doubles
  };

  /// A Failure says why nothing could be posted. The settings have a URL.
  static mail::Result<std::shared_ptr<Webhook>> make(Parts parts, const config::Webhook& settings);

  void post(Post post);
  /// Nothing more is sent; gives what was not.
  std::deque<Post> stop();

 private:
  struct Waiting {
    Post post;
    std::chrono::steady_clock::time_point since;
  };
  enum class End : std::uint8_t { delivered, refused, failed };

  Webhook(Parts parts, const config::Webhook& settings);
  net::asio::awaitable<void> run();
  net::asio::awaitable<End> send(const Post& post);
  net::asio::awaitable<mail::Result<std::vector<std::string>>> addresses();
  void settle(End end);
  [[nodiscard]] End failed(const std::string& why);

  Parts parts_;
  config::Webhook settings_;
  config::Url url_;
  std::unique_ptr<aws::HttpClient> http_;
  net::asio::ip::tcp::resolver resolver_;
  net::asio::steady_timer pause_;
  std::deque<Waiting> waiting_;
  unsigned failures_ = 0;  ///< in a row
  bool running_ = false, stopped_ = false;
};

}  // namespace notices
