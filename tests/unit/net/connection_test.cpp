#include "relay/net/connection.hpp"

#include <doctest/doctest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>

#include <string>

using namespace std::chrono_literals;
namespace asio = net::asio;
using boost::system::error_code;

namespace {

/// Two connected sockets on loopback.
struct Pair {
  asio::io_context context;
  net::Tcp::socket near{context};
  net::Tcp::socket far{context};
  Pair() {
    net::Tcp::acceptor acceptor(context, {asio::ip::address_v4::loopback(), 0});
    near.connect(acceptor.local_endpoint());
    acceptor.accept(far);
  }
  template <class Start>
  void run(Start start) {
    bool threw = false;
    net::spawn(
        context.get_executor(),
        std::move(start),
        [&threw](std::string_view) { threw = true; },
        [] {});
    context.run();
    REQUIRE_FALSE(threw);
  }
};

}  // namespace

TEST_SUITE_BEGIN("relay/net/connection");

TEST_CASE("a read past the deadline ends, and the connection says that it expired") {
  Pair pair;
  net::Connection connection(std::move(pair.near), 100);
  error_code failed;
  pair.run([&]() -> asio::awaitable<void> {
    connection.expect_within(10ms);
    failed = co_await connection.fill();
  });
  CHECK(failed);
  CHECK(connection.expired());
}

TEST_CASE(
    "a deadline that moves away does not fire at its old time, one that moves closer fires at the "
    "new") {
  Pair pair;
  net::Connection connection(std::move(pair.near), 100);
  const auto began = std::chrono::steady_clock::now();
  pair.run([&]() -> asio::awaitable<void> {
    connection.expect_within(1ms);
    connection.expect_within(30ms);
    co_await connection.fill();
  });
  CHECK(std::chrono::steady_clock::now() - began >= 30ms);
  CHECK(connection.expired());
}

TEST_CASE("what arrives is kept until consumed, and a full buffer is an error, not a loss") {
  Pair pair;
  net::Connection connection(std::move(pair.near), 8);
  asio::write(pair.far, asio::buffer(std::string("0123456789")));
  error_code full;
  pair.run([&]() -> asio::awaitable<void> {
    connection.expect_within(5s);
    while (connection.buffered().size() < 8) co_await connection.fill();
    full = co_await connection.fill();
    CHECK(connection.buffered() == "01234567");
    connection.consume(6);
    co_await connection.fill();
  });
  CHECK(full);
  CHECK(connection.buffered() == "6789");
}

TEST_CASE("interrupt ends the read under way without expiring") {
  Pair pair;
  net::Connection connection(std::move(pair.near), 100);
  error_code failed;
  asio::post(pair.context, [&] { asio::post(pair.context, [&] { connection.interrupt(); }); });
  pair.run([&]() -> asio::awaitable<void> { failed = co_await connection.fill(); });
  CHECK(failed);
  CHECK_FALSE(connection.expired());
}

TEST_SUITE_END();
