#include "relay/net/tls.hpp"

#include "relay/net/tls_sessions.hpp"
#include "tests/unit/net/certificate.hpp"

#include <doctest/doctest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
namespace asio = net::asio;

namespace {

/// Says one line on each connection and waits for its end. Has a thread of its own.
class Server {
 public:
  explicit Server(net::TlsContext tls, std::uint16_t port = 0)
      : tls_(std::move(tls)),
        acceptor_(context_, {asio::ip::address_v4::loopback(), port}),
        port_(acceptor_.local_endpoint().port()) {
    start([this] { return accept(); });
    thread_ = std::thread([this] { context_.run(); });
  }
  ~Server() {
    asio::post(context_, [this] { acceptor_.close(); });
    thread_.join();
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

 private:
  template <class Start>
  void start(Start begin) {
    net::spawn(
        context_.get_executor(), std::move(begin), [](std::string_view) {}, [] {});
  }

  asio::awaitable<void> accept() {
    for (;;) {
      auto [failed, socket] = co_await acceptor_.async_accept(net::tup);
      if (failed) co_return;
      socket.set_option(net::Tcp::no_delay(true));
      const auto connection = std::make_shared<net::Connection>(std::move(socket), 100);
      start([this, connection] { return serve(connection); });
    }
  }

  asio::awaitable<void> serve(std::shared_ptr<net::Connection> connection) {
    connection->expect_within(10s);
    if (co_await connection->accept_tls(tls_)) co_return;
    co_await connection->write("220 ready\r\n");
    co_await connection->fill();
  }

  asio::io_context context_;
  net::TlsContext tls_;
  net::Tcp::acceptor acceptor_;
  std::uint16_t port_;
  std::thread thread_;
};

/// How a client's handshake went.
struct Handshake {
  bool done = false;
  bool resumed = false;
  net::TlsSessions::Session session;  ///< as the end of the connection left it
};

asio::awaitable<void> meet(std::uint16_t port,
                           net::TlsContext tls,
                           std::string host,
                           Handshake& handshake) {
  net::Tcp::socket socket(co_await asio::this_coro::executor);
  const net::Tcp::endpoint server(asio::ip::address_v4::loopback(), port);
  const auto [failed] = co_await socket.async_connect(server, net::tup);
  if (failed) co_return;
  net::Connection connection(std::move(socket), 100);
  connection.expect_within(10s);
  if (co_await connection.connect_tls(std::move(tls), std::move(host))) co_return;
  // The tickets of TLS 1.3 come with the first octets read.
  handshake.done = !co_await connection.fill() && connection.buffered() == "220 ready\r\n";
  SSL* stream = connection.tls()->native_handle();
  handshake.resumed = SSL_session_reused(stream) == 1;
  handshake.session.reset(SSL_get1_session(stream));
}

Handshake connect(const Server& server, net::TlsContext tls, std::string host = "localhost") {
  asio::io_context context;
  Handshake handshake;
  net::spawn(
      context.get_executor(),
      [&] { return meet(server.port(), std::move(tls), std::move(host), handshake); },
      [&](std::string_view) { handshake.done = false; },
      [] {});
  context.run();
  return handshake;
}

net::TlsContext server_of(const Certificate& pair) {
  return net::server_tls(pair.certificate(), pair.private_key()).value().context;
}

net::TlsContext client_trusting(const Certificate& authority, int version = TLS1_3_VERSION) {
  net::TlsContext client = net::client_tls(authority.certificate()).value();
  SSL_CTX_set_max_proto_version(client->native_handle(), version);
  return client;
}

}  // namespace

TEST_SUITE_BEGIN("relay/net/tls");

TEST_CASE("every connection after the first resumes its TLS session") {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    CAPTURE(version);
    const Certificate pair;
    const Server server(server_of(pair));
    const auto client = client_trusting(pair, version);
    for (int i = 0; i < 5; ++i) {
      CAPTURE(i);
      const Handshake handshake = connect(server, client);
      CHECK(handshake.done);
      CHECK(handshake.resumed == (i > 0));
      CHECK(SSL_SESSION_is_resumable(handshake.session.get()) == 1);
    }
  }
}

TEST_CASE("another context resumes nothing, and one with another authority gets no connection") {
  const Certificate pair;
  const Certificate other;
  const Server server(server_of(pair));
  CHECK(connect(server, client_trusting(pair)).done);
  const Handshake again = connect(server, client_trusting(pair));
  CHECK(again.done);
  CHECK_FALSE(again.resumed);
  CHECK_FALSE(connect(server, client_trusting(other)).done);
}

TEST_CASE("each of two files that are renewed one after the other shows") {
  const Certificate pair;
  const auto written = [&] { return net::tls_written(pair.certificate(), pair.private_key()); };
  const auto renew = [](const std::filesystem::path& file) {
    std::filesystem::last_write_time(file, std::filesystem::last_write_time(file) + 1s);
  };
  const net::TlsWritten first = written();
  CHECK(written() == first);
  renew(pair.certificate());
  const net::TlsWritten between = written();
  CHECK(between != first);
  renew(pair.private_key());
  CHECK(written() != between);
  const net::TlsWritten both = written();
  std::filesystem::remove(pair.private_key());
  CHECK(written() != both);
}

TEST_CASE("a session is not resumed under another host name, which was not verified with it") {
  const Certificate pair;
  const Server server(server_of(pair));
  const auto client = client_trusting(pair);
  CHECK(connect(server, client).done);
  const Handshake by_address = connect(server, client, "127.0.0.1");
  CHECK(by_address.done);
  CHECK_FALSE(by_address.resumed);
  CHECK_FALSE(connect(server, client, "other.example").done);
  CHECK(connect(server, client).resumed);
}

TEST_CASE("a server that does not know the session gets a full handshake, and is verified") {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    CAPTURE(version);
    const Certificate pair;
    const Certificate other;
    const auto client = client_trusting(pair, version);
    auto server = std::make_unique<Server>(server_of(pair));
    const auto port = server->port();
    const auto restart_as = [&](const Certificate& shown) {
      server.reset();
      server = std::make_unique<Server>(server_of(shown), port);
    };
    CHECK(connect(*server, client).done);
    restart_as(pair);
    const Handshake after_restart = connect(*server, client);
    CHECK(after_restart.done);
    CHECK_FALSE(after_restart.resumed);
    restart_as(other);
    CHECK_FALSE(connect(*server, client).done);
  }
}

TEST_CASE("after a handshake that failed no session is offered, whatever it was that failed") {
  const Certificate pair;
  const Certificate other;
  const auto client = client_trusting(pair);
  const auto tls = server_of(pair);
  auto server = std::make_unique<Server>(tls);
  const auto port = server->port();
  const auto restart_with = [&](net::TlsContext context) {
    server.reset();
    server = std::make_unique<Server>(std::move(context), port);
  };
  CHECK(connect(*server, client).done);
  restart_with(server_of(other));
  CHECK_FALSE(connect(*server, client).done);
  restart_with(tls);  // it would still know the second ticket
  const Handshake full = connect(*server, client);
  CHECK(full.done);
  CHECK_FALSE(full.resumed);
  CHECK(connect(*server, client).resumed);
}

TEST_CASE("a session is not given out beyond the certificate that was verified with it") {
  const Certificate pair;
  const Server server(server_of(pair));
  static const struct {
    std::chrono::seconds later;
    bool given;
  } rows[] = {{Certificate::valid - 60s, true}, {Certificate::valid + 1s, false}};
  for (const auto& row : rows) {
    CAPTURE(row.later.count());
    Handshake handshake = connect(server, client_trusting(pair));
    REQUIRE(handshake.session);
    REQUIRE(SSL_SESSION_get_timeout(handshake.session.get()) > Certificate::valid.count() + 1);
    net::TlsSessions sessions;
    sessions.keep("localhost:465", std::move(handshake.session));
    const auto taken = sessions.take("localhost:465", std::chrono::system_clock::now() + row.later);
    CHECK((taken != nullptr) == row.given);
  }
}

TEST_CASE("couriers on several threads resume each other's sessions") {
  const Certificate pair;
  const Server server(server_of(pair));
  const auto client = client_trusting(pair);
  CHECK(connect(server, client).done);
  std::atomic<int> done = 0;
  std::atomic<int> resumed = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 10; ++i) {
        const Handshake handshake = connect(server, client);
        done += handshake.done ? 1 : 0;
        resumed += handshake.resumed ? 1 : 0;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(done == 40);
  CHECK(resumed >= 36);  // two tickets for the first four at once
}

TEST_SUITE_END();
