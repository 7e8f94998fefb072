#include "relay/app/side_by_side.hpp"

#include <doctest/doctest.h>

#include <boost/asio/io_context.hpp>

#include <stdexcept>
#include <string>
#include <string_view>

namespace app {
namespace {

using namespace std::chrono_literals;
using Found = std::vector<std::optional<int>>;
using Start = std::function<net::asio::awaitable<int>()>;

/// What came of them, and what was thrown.
std::pair<Found, std::string> taken(std::vector<Start> starts,
                                    std::chrono::steady_clock::duration limit) {
  net::asio::io_context context(1);
  Found found;
  std::string thrown;
  auto run = [&]() -> net::asio::awaitable<void> {
    found = co_await side_by_side<int>(
        std::move(starts), limit, [&](std::string_view what) { thrown += what; });
    context.stop();
  };
  net::spawn(
      context.get_executor(), run, [&](std::string_view what) { thrown += what; }, [] {});
  context.run();
  return {found, thrown};
}

Start giving(int value) {
  return [value]() -> net::asio::awaitable<int> { co_return value; };
}

net::asio::awaitable<int> never() {
  net::asio::steady_timer forever(co_await net::asio::this_coro::executor,
                                  std::chrono::steady_clock::time_point::max());
  co_await forever.async_wait(net::tup);
  co_return 0;
}

}  // namespace

TEST_SUITE("relay/app/side_by_side") {
  TEST_CASE("nothing to start ends at once") { CHECK(taken({}, 1h).first.empty()); }

  TEST_CASE("all that end are there in their order, without the limit's being waited for") {
    CHECK(taken({giving(1), giving(2)}, 1h).first == Found{1, 2});
  }

  TEST_CASE("one that does not end costs the others nothing") {
    CHECK(taken({never, giving(2)}, 20ms).first == Found{std::nullopt, 2});
  }

  TEST_CASE("one that throws has nothing, and the sink hears why") {
    const Start throwing = []() -> net::asio::awaitable<int> {
      throw std::runtime_error("no room");
      co_return 0;
    };
    const auto [found, thrown] = taken({throwing, giving(2)}, 1h);
    CHECK(found == Found{std::nullopt, 2});
    CHECK(thrown == "no room");
  }
}

}  // namespace app
