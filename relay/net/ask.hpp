#pragma once

#include "relay/net/coro.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

namespace net {

/// Waits in a coroutine for an answer that comes by callback on another thread, at most `limit`;
/// nothing if none came. The coroutine's executor must be run by one thread, and must outlive the
/// call of the callback.
template <class Answer>
boost::asio::awaitable<std::optional<Answer>> ask(
    std::function<void(std::function<void(Answer)>)> question, std::chrono::milliseconds limit) {
  struct Waiting {
    Waiting(const boost::asio::any_io_executor& executor, std::chrono::milliseconds after)
        : timer(executor, after) {}
    boost::asio::steady_timer timer;
    std::optional<Answer> answer;
  };
  const boost::asio::any_io_executor executor = co_await boost::asio::this_coro::executor;
  const auto waiting = std::make_shared<Waiting>(executor, limit);
  // The callback may be kept long after we gave up: the timer is not its to destroy.
  std::function<void(Answer)> hand_over = [asker = std::weak_ptr<Waiting>(waiting),
                                           executor](Answer answer) {
    boost::asio::post(executor, [asker, answer = std::move(answer)]() mutable {
      const auto still_waiting = asker.lock();
      if (!still_waiting) return;
      still_waiting->answer = std::move(answer);
      still_waiting->timer.cancel();
    });
  };
  question(std::move(hand_over));
  co_await waiting->timer.async_wait(tup);
  co_return std::move(waiting->answer);
}

}  // namespace net
