#pragma once

#include "relay/net/coro.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstddef>
#include <deque>
#include <memory>
#include <utility>

namespace domains {

/// One coroutine at a time, in the order in which they came; for one executor.
class Turn {
 public:
  static constexpr std::size_t most_waiting = 64;

  explicit Turn(net::asio::any_io_executor executor) : executor_(std::move(executor)) {}

  class Held;
  /// Waits for the turn; an empty Held when too many wait already.
  net::asio::awaitable<Held> take();

 private:
  struct Line {
    bool taken = false;
    std::deque<std::shared_ptr<net::asio::steady_timer>> waiting;
  };

  net::asio::any_io_executor executor_;
  std::shared_ptr<Line> line_ = std::make_shared<Line>();
};

/// Gives the turn back when it goes, which may be after the Turn has gone: with its coroutine.
class Turn::Held {
 public:
  Held() = default;
  explicit Held(std::shared_ptr<Line> line) : line_(std::move(line)) {}
  Held(Held&&) noexcept = default;
  Held& operator=(Held&&) = delete;
  ~Held() {
    if (line_ == nullptr) return;
    if (line_->waiting.empty()) {
      line_->taken = false;
      return;
    }
    line_->waiting.front()->cancel();  // hands the turn over
    line_->waiting.pop_front();
  }
  explicit operator bool() const noexcept { return line_ != nullptr; }

 private:
  std::shared_ptr<Line> line_;
};

inline net::asio::awaitable<Turn::Held> Turn::take() {
  const auto line = line_;
  if (!line->taken) {
    line->taken = true;
    co_return Held(line);
  }
  if (line->waiting.size() >= most_waiting) co_return Held();
  const auto wait = std::make_shared<net::asio::steady_timer>(
      executor_, net::asio::steady_timer::time_point::max());
  line->waiting.push_back(wait);
  co_await wait->async_wait(net::tup);  // ended by the Held before
  co_return Held(line);
}

}  // namespace domains
