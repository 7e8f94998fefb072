#include "relay/net/connect.hpp"

#include <doctest/doctest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <string>
#include <vector>

using namespace std::chrono_literals;
namespace asio = net::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr auto long_enough = 20s;  ///< no test waits for it
constexpr auto never = 1h;

/// Whom the socket leads to, or why there is none.
struct Outcome {
  tcp::endpoint peer;
  std::string trouble;
};

/// Runs `start` until nothing of it is left: a socket that still tries to connect would be.
template <class Start>
Outcome run(asio::io_context& context, Start start) {
  Outcome outcome;
  bool ended = false;
  net::spawn(
      context.get_executor(),
      [&]() -> asio::awaitable<void> {
        const auto socket = co_await start();
        if (socket) outcome.peer = socket->remote_endpoint();
        if (!socket) outcome.trouble = socket.error().sentence();
        ended = true;
      },
      [](std::string_view) {},
      [] {});
  context.restart();
  context.run_for(long_enough);
  REQUIRE(ended);
  CHECK(context.stopped());
  return outcome;
}

struct Loopback {
  asio::io_context context;

  tcp::acceptor listener(const std::string& address = "127.0.0.1") {
    return tcp::acceptor(context, {asio::ip::make_address(address), 0});
  }
  /// Where nobody listens.
  tcp::endpoint closed(const std::string& address = "127.0.0.1") {
    return listener(address).local_endpoint();
  }
  Outcome connect(net::Connecting& connecting, const std::vector<tcp::endpoint>& addresses) {
    return run(context, [&] { return connecting.to_first_of(addresses); });
  }
};

/// A listener that never answers: its backlog is full, so that the kernel drops what comes.
class Silent {
 public:
  explicit Silent(asio::io_context& context) : acceptor_(context, tcp::v4()), client_(context) {
    acceptor_.bind({asio::ip::address_v4::loopback(), 0});
    acceptor_.listen(0);
    client_.connect(acceptor_.local_endpoint());
  }
  [[nodiscard]] tcp::endpoint endpoint() const { return acceptor_.local_endpoint(); }

 private:
  tcp::acceptor acceptor_;
  tcp::socket client_;
};

bool has_ipv6() {
  asio::io_context context;
  error_code failed;
  tcp::socket(context, tcp::v6()).bind({asio::ip::address_v6::loopback(), 0}, failed);
  return !failed;
}

tcp::endpoint at(const char* address) { return {asio::ip::make_address(address), 25}; }

}  // namespace

TEST_SUITE_BEGIN("relay/net/connect");

TEST_CASE("addresses are tried IPv6 first, then the families by turns, eight at most") {
  static const struct {
    const char* name;
    std::vector<tcp::endpoint> found;
    std::vector<tcp::endpoint> order;
  } rows[] = {
      {"none", {}, {}},
      {"one family keeps its order",
       {at("10.0.0.2"), at("10.0.0.1")},
       {at("10.0.0.2"), at("10.0.0.1")}},
      {"IPv6 first", {at("10.0.0.1"), at("fd00::1")}, {at("fd00::1"), at("10.0.0.1")}},
      {"what is left of one family comes last",
       {at("fd00::1"), at("fd00::2"), at("fd00::3"), at("10.0.0.1")},
       {at("fd00::1"), at("10.0.0.1"), at("fd00::2"), at("fd00::3")}},
      {"the ninth and tenth are not tried, and both families are among the eight",
       {at("fd00::1"),
        at("fd00::2"),
        at("fd00::3"),
        at("fd00::4"),
        at("fd00::5"),
        at("fd00::6"),
        at("fd00::7"),
        at("fd00::8"),
        at("10.0.0.1"),
        at("10.0.0.2")},
       {at("fd00::1"),
        at("10.0.0.1"),
        at("fd00::2"),
        at("10.0.0.2"),
        at("fd00::3"),
        at("fd00::4"),
        at("fd00::5"),
        at("fd00::6")}},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    CHECK((net::by_turns(row.found) == row.order));
  }
}

TEST_CASE("the first address that answers wins, and no other is tried") {
  Loopback loopback;
  auto first = loopback.listener();
  auto second = loopback.listener();
  net::Connecting connecting(loopback.context.get_executor(), long_enough, never);
  const Outcome outcome =
      loopback.connect(connecting, {first.local_endpoint(), second.local_endpoint()});
  CHECK(outcome.peer == first.local_endpoint());
  second.non_blocking(true);
  error_code none;
  tcp::socket unwanted = second.accept(none);
  CHECK(none == asio::error::would_block);
}

TEST_CASE("after a refusal the next address is tried at once, not after the delay") {
  Loopback loopback;
  auto open = loopback.listener();
  net::Connecting connecting(loopback.context.get_executor(), long_enough, never);
  const Outcome outcome = loopback.connect(
      connecting, {loopback.closed(), loopback.closed("127.0.0.2"), open.local_endpoint()});
  CHECK(outcome.peer == open.local_endpoint());
}

TEST_CASE("a silent address is passed after the delay, and closed when another one answers") {
  Loopback loopback;
  const Silent silent(loopback.context);
  auto open = loopback.listener();
  const auto began = std::chrono::steady_clock::now();
  net::Connecting connecting(loopback.context.get_executor(), long_enough, 30ms);
  const Outcome outcome = loopback.connect(connecting, {silent.endpoint(), open.local_endpoint()});
  CHECK(outcome.peer == open.local_endpoint());
  CHECK(std::chrono::steady_clock::now() - began >= 30ms);
}

TEST_CASE("a refusal beside a silent address brings the next one at once") {
  Loopback loopback;
  const Silent silent(loopback.context);
  auto open = loopback.listener();
  // After a second delay it would be too late.
  net::Connecting connecting(loopback.context.get_executor(), 1900ms, 1s);
  const Outcome outcome =
      loopback.connect(connecting, {silent.endpoint(), loopback.closed(), open.local_endpoint()});
  CHECK(outcome.peer == open.local_endpoint());
}

TEST_CASE("IPv6 is used where it works" * doctest::skip(!has_ipv6())) {
  Loopback loopback;
  auto six = loopback.listener("::1");
  auto four = loopback.listener();
  const std::vector<tcp::endpoint> found{four.local_endpoint(), six.local_endpoint()};
  net::Connecting connecting(loopback.context.get_executor(), long_enough);
  const Outcome outcome = loopback.connect(connecting, net::by_turns(found));
  CHECK(outcome.peer == six.local_endpoint());
}

TEST_CASE("the failure says what became of each address") {
  Loopback loopback;
  const Silent silent(loopback.context);
  net::Connecting connecting(loopback.context.get_executor(), 500ms, never);
  const Outcome outcome =
      loopback.connect(connecting, {loopback.closed("127.0.0.2"), silent.endpoint()});
  CHECK(outcome.trouble == "127.0.0.2 Connection refused; 127.0.0.1 no answer in time");
}

TEST_CASE("all of it ends at the deadline") {
  Loopback loopback;
  const Silent silent(loopback.context);
  const auto began = std::chrono::steady_clock::now();
  net::Connecting connecting(loopback.context.get_executor(), 500ms, never);
  const Outcome outcome = loopback.connect(connecting, {silent.endpoint(), loopback.closed()});
  CHECK(outcome.trouble == "127.0.0.1 no answer in time");
  CHECK(std::chrono::steady_clock::now() - began >= 500ms);
}

TEST_CASE("abort ends it at once, also before it began") {
  for (const bool before : {false, true}) {
    CAPTURE(before);
    Loopback loopback;
    const Silent silent(loopback.context);
    net::Connecting connecting(loopback.context.get_executor(), never, never);
    if (before) {
      connecting.abort();
    } else {
      asio::post(loopback.context,
                 [&] { asio::post(loopback.context, [&] { connecting.abort(); }); });
    }
    const Outcome outcome = loopback.connect(connecting, {silent.endpoint()});
    CHECK(outcome.trouble == "the relay is stopping");
  }
}

TEST_CASE("a literal address needs no name server") {
  Loopback loopback;
  auto open = loopback.listener();
  net::Connecting connecting(loopback.context.get_executor(), long_enough);
  const Outcome outcome = run(
      loopback.context, [&] { return connecting.to("127.0.0.1", open.local_endpoint().port()); });
  CHECK(outcome.peer == open.local_endpoint());
}

TEST_CASE("a name without an address, or nobody there, is a sentence that names it") {
  Loopback loopback;
  static const struct {
    const char* host;
    const char* sentence;
  } rows[] = {
      {"127.0.0.1", ": 127.0.0.1 Connection refused"},
      {"a..b", ": no address was found for it ("},
  };
  const auto port = loopback.closed().port();
  for (const auto& row : rows) {
    net::Connecting connecting(loopback.context.get_executor(), long_enough);
    const Outcome outcome = run(loopback.context, [&] { return connecting.to(row.host, port); });
    const std::string begin =
        std::string("cannot connect to ") + row.host + ":" + std::to_string(port) + row.sentence;
    CHECK(outcome.trouble.starts_with(begin));
  }
}

TEST_SUITE_END();
