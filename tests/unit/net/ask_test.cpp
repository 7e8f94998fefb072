#include "relay/net/ask.hpp"

#include <boost/asio/io_context.hpp>
#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <thread>

using namespace std::chrono_literals;

namespace {

using Callback = std::function<void(std::string)>;

std::optional<std::string> asked(std::function<void(Callback)> question,
                                 std::chrono::milliseconds limit) {
  boost::asio::io_context context(1);
  std::optional<std::string> answer;
  auto start = [&]() -> boost::asio::awaitable<void> {
    answer = co_await net::ask<std::string>(question, limit);
  };
  net::spawn(
      context.get_executor(), start, [](std::string_view what) { FAIL(what); }, [] {});
  context.run();
  return answer;
}

}  // namespace

TEST_SUITE("relay/net/ask") {
  TEST_CASE("an answer from another thread comes back") {
    std::thread thread;
    CHECK(asked([&](Callback done) { thread = std::thread([done] { done("yes"); }); }, 1h) ==
          "yes");
    thread.join();
  }

  TEST_CASE("an answer given at once comes back") {
    CHECK(asked([](const Callback& done) { done("yes"); }, 1h) == "yes");
  }

  TEST_CASE("no answer within the limit is nothing") {
    Callback kept;
    CHECK(!asked([&](Callback done) { kept = std::move(done); }, 1ms));
  }
}
