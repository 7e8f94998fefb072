#pragma once

#include "relay/net/coro.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace app {

/// Starts all of them at once on the caller's executor, and gives after `limit` at the latest what
/// came of each, in their order: none of one that threw or has not ended. That one goes on, so what
/// it uses must stay until it ends.
template <class Found>
net::asio::awaitable<std::vector<std::optional<Found>>> side_by_side(
    std::vector<std::function<net::asio::awaitable<Found>()>> starts,
    std::chrono::steady_clock::duration limit,
    net::ExceptionSink sink) {
  struct Round {
    std::vector<std::optional<Found>> found;
    std::size_t left;
    net::asio::steady_timer over;
  };
  if (starts.empty()) co_return std::vector<std::optional<Found>>();
  const net::asio::any_io_executor executor = co_await net::asio::this_coro::executor;
  const auto round = std::make_shared<Round>(Round{std::vector<std::optional<Found>>(starts.size()),
                                                   starts.size(),
                                                   net::asio::steady_timer(executor, limit)});
  for (std::size_t i = 0; i < starts.size(); ++i) {
    auto take = [round, i, start = std::move(starts[i])]() -> net::asio::awaitable<void> {
      round->found[i] = co_await start();
    };
    net::spawn(executor, std::move(take), sink, [round] {
      if (--round->left == 0) round->over.cancel();
    });
  }
  co_await round->over.async_wait(net::tup);
  co_return round->found;
}

}  // namespace app
