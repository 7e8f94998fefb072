#include "relay/http/server.hpp"

#include "relay/net/tls.hpp"
#include "running_server.hpp"
#include "tests/unit/net/certificate.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <doctest/doctest.h>

#include <string>
#include <thread>

using namespace std::chrono_literals;
namespace ssl = boost::asio::ssl;
using boost::system::error_code;

namespace {

boost::asio::awaitable<http::Response> repeat(http::Request request) {
  http::Response response;
  response.body = "you posted " + request.body + " from " + request.peer;
  co_return response;
}

boost::asio::awaitable<http::Response> hello(http::Request) {
  http::Response response;
  response.body = "hello\n";
  co_return response;
}

http::Routes routes() { return {{"/hello", {.get = hello}}, {"/repeat", {.post = repeat}}}; }

net::TlsContext context_of(const Certificate& pair) {
  return net::server_tls(pair.certificate(), pair.private_key()).value().context;
}

const std::string get_hello = "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// A blocking client that trusts one certificate.
class TlsClient {
 public:
  TlsClient(std::uint16_t port, const Certificate& trusted)
      : context_(ssl::context::tls_client), stream_(executor_, trusting(context_, trusted)) {
    stream_.set_verify_callback(ssl::host_name_verification("localhost"));
    stream_.lowest_layer().connect({boost::asio::ip::make_address("127.0.0.1"), port});
    stream_.handshake(ssl::stream_base::client, failed_);
  }
  [[nodiscard]] bool connected() const { return !failed_; }
  void send(const std::string& octets) {
    error_code gone;
    boost::asio::write(stream_, boost::asio::buffer(octets), gone);
  }
  std::string read_all() {
    std::string all;
    boost::asio::read(stream_, boost::asio::dynamic_buffer(all), end_);
    return all;
  }
  std::string exchange(const std::string& request) {
    send(request);
    return read_all();
  }
  [[nodiscard]] error_code end() const { return end_; }  ///< of what was read

 private:
  static ssl::context& trusting(ssl::context& context, const Certificate& trusted) {
    context.set_verify_mode(ssl::verify_peer);
    context.load_verify_file(trusted.certificate().string());
    return context;
  }

  boost::asio::io_context executor_;
  ssl::context context_;
  ssl::stream<boost::asio::ip::tcp::socket> stream_;
  error_code failed_, end_;
};

/// A server with one encrypted listener.
struct Site {
  explicit Site(http::Limits limits = {}) : server(limits) {
    server.replace_tls(context_of(certificate));
    port = server.listen(routes(), http::Encryption::tls);
  }
  Certificate certificate;
  RunningServer server;
  std::uint16_t port = 0;
};

}  // namespace

TEST_SUITE("relay/http/server, encrypted") {
  TEST_CASE("a request is answered, and the end of the answer is authentic") {
    Site site;
    TlsClient client(site.port, site.certificate);
    REQUIRE(client.connected());
    const std::string response = client.exchange(get_hello);
    CHECK(status_of(response) == "HTTP/1.1 200");
    CHECK(body_of(response) == "hello\n");
    CHECK(client.end() == boost::asio::error::eof);  // not ssl::error::stream_truncated
  }

  TEST_CASE("a handler sees the body and who asks") {
    Site site;
    CHECK(body_of(TlsClient(site.port, site.certificate)
                      .exchange(request_of("POST", "/repeat", "Host: localhost\r\n", "{}"))) ==
          "you posted {} from 127.0.0.1");
  }

  TEST_CASE("a new certificate is for new connections; open ones go on") {
    Site site;
    const Certificate renewed;
    TlsClient open(site.port, site.certificate);
    site.server.replace_tls(context_of(renewed));
    CHECK(status_of(open.exchange(get_hello)) == "HTTP/1.1 200");
    CHECK(status_of(TlsClient(site.port, renewed).exchange(get_hello)) == "HTTP/1.1 200");
    CHECK_FALSE(TlsClient(site.port, site.certificate).connected());
  }

  TEST_CASE("clear text is not answered, and nothing is before there is a certificate") {
    Site site;
    CHECK(Client(site.port).exchange(get_hello).find("HTTP") == std::string::npos);
    RunningServer without;
    const std::uint16_t port = without.listen(routes(), http::Encryption::tls);
    CHECK_FALSE(TlsClient(port, site.certificate).connected());
  }

  TEST_CASE("the bounds on header and body are those of clear text") {
    http::Limits limits;
    limits.header_octets = 1000;
    limits.body_octets = 100;
    Site site(limits);
    const auto status = [&](const std::string& request) {
      return status_of(TlsClient(site.port, site.certificate).exchange(request));
    };
    const auto with_fields = [](std::size_t octets) {
      return "GET /hello HTTP/1.1\r\nX: " + std::string(octets - 7, 'x') + "\r\n\r\n";
    };
    CHECK(status(with_fields(1000)) == "HTTP/1.1 200");
    CHECK(status(with_fields(1001)) == "HTTP/1.1 431");
    CHECK(status(request_of("POST", "/repeat", "", std::string(100, 'b'))) == "HTTP/1.1 200");
    CHECK(status(request_of("POST", "/repeat", "", std::string(101, 'b'))) == "HTTP/1.1 413");
  }

  TEST_CASE("a handshake, and a request after it, that does not come to its end is cut off") {
    http::Limits limits;
    limits.handshake = 50ms;
    Site silent(limits);
    CHECK(Client(silent.port).exchange("").empty());
    limits.handshake = 10s;
    limits.read = 50ms;
    Site slow(limits);
    TlsClient client(slow.port, slow.certificate);
    REQUIRE(client.connected());
    CHECK(client.exchange("GET /hello HTTP/1.1\r\n").empty());
  }

  TEST_CASE("one connection over the bound is closed at once, though the others only shake hands") {
    http::Limits limits;
    limits.connections = 1;
    Site site(limits);
    const Client waiting(site.port);
    while (site.server.connections() < 1) std::this_thread::yield();
    CHECK_FALSE(TlsClient(site.port, site.certificate).connected());
  }

  TEST_CASE("close cuts handshakes and requests under way") {
    Site site;
    Client shaking(site.port);
    TlsClient asking(site.port, site.certificate);
    asking.send("GET /hello");
    while (site.server.connections() < 2) std::this_thread::yield();
    site.server.close();
    CHECK(shaking.read_all().empty());
    CHECK(asking.read_all().empty());
    while (site.server.connections() > 0) std::this_thread::yield();
  }
}
