#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <exception>
#include <functional>
#include <string_view>
#include <utility>

namespace net {

namespace asio = boost::asio;

/// The one completion token: errors come back as values.
inline constexpr auto tup = asio::as_tuple(asio::use_awaitable);

/// Told when a coroutine ended by an exception (a bug or exhausted memory): logs and counts it;
/// only that coroutine ends.
using ExceptionSink = std::function<void(std::string_view what)>;

/// Starts a coroutine: the only place that calls co_spawn. `start` is called on `executor` and kept
/// alive as long as its coroutine; `ended` runs on `executor` after it, however it ended.
template <class Executor, class Start, class Ended>
void spawn(const Executor& executor, Start start, ExceptionSink sink, Ended ended) {
  asio::co_spawn(
      executor,
      std::move(start),
      [sink = std::move(sink), ended = std::move(ended)](const std::exception_ptr& thrown) mutable {
        if (thrown) {
          try {
            std::rethrow_exception(thrown);
          } catch (const std::exception& failure) {
            sink(failure.what());
          }
        }
        ended();
      });
}

}  // namespace net
