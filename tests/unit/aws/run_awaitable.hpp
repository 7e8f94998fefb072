#pragma once

#include "relay/net/coro.hpp"

#include <boost/asio/io_context.hpp>

#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

/// What `start()` comes to, awaited on a context of its own.
template <class Start>
auto run_awaitable(Start start) {
  using Value = typename decltype(start())::value_type;
  boost::asio::io_context context(1);
  std::optional<Value> value;
  std::string thrown;
  auto keep = [&]() -> boost::asio::awaitable<void> { value.emplace(co_await start()); };
  net::spawn(
      context.get_executor(), keep, [&](std::string_view what) { thrown = what; }, [] {});
  context.run();
  if (!value) throw std::runtime_error(thrown.empty() ? "the coroutine never ended" : thrown);
  return *std::move(value);
}
