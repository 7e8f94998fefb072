#pragma once

#include "mail/result.hpp"
#include "relay/net/connection.hpp"
#include "relay/net/coro.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace http {

namespace asio = boost::asio;

/// The header fields that something here looks at; empty where there is none.
struct Fields {
  std::string host, origin, authorization, if_match, if_none_match;
};

struct Request {
  std::string path;                                       ///< decoded, without query
  std::string parameter;                                  ///< decoded: what stands for `{…}`
  std::map<std::string, std::string, std::less<>> query;  ///< decoded; of a repeated name the first
  std::string body;                                       ///< of a POST
  Fields fields;
  std::string peer;  ///< its IP address; at a Unix socket `uid 1000`
};

struct Response {
  unsigned status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  std::map<std::string, std::string> fields{};  ///< further header fields, by name
};

using Handler = std::function<asio::awaitable<Response>(Request)>;

/// What answers at a path, by method; another method is 405. HEAD is answered from `get`. A POST
/// must say that it carries JSON, which no form of a web page can; a DELETE carries nothing.
struct Route {
  Handler get = nullptr;
  Handler post = nullptr;
  Handler remove = nullptr;     ///< DELETE
  bool any_type = false;        ///< a POST may carry anything
  std::size_t body_octets = 0;  ///< of a POST; 0: Limits::body_octets
};

/// What a listener serves, by path. One segment may be a parameter, `/queue/{id}`, which stands for
/// any that is not empty; a path that says the segment goes before it.
using Routes = std::map<std::string, Route, std::less<>>;

enum class Encryption : std::uint8_t { none, tls };

struct Limits {
  /// Of each listener, so that strangers at one leave the others alone; one more is closed at once.
  std::size_t connections = 64;
  /// Of them from one IP address, so that nobody keeps probes and Prometheus out alone.
  std::size_t connections_of_peer = 48;
  std::size_t header_octets = std::size_t{8} * 1024;  ///< of the request line, and of the fields
  std::size_t body_octets = std::size_t{64} * 1024;
  std::chrono::milliseconds handshake{10'000};  ///< of TLS
  std::chrono::milliseconds read{10'000},
      write{10'000};  ///< for the whole request, for the whole response
};

/// A small HTTP/1.1 server: GET, HEAD, POST and DELETE, one request a connection. Everything of it
/// runs on one executor, which one thread runs; construct, listen and close there, or before it
/// runs. Never throws into the executor.
class Server {
 public:
  /// `sink` hears of handlers that threw (they are answered with 500).
  Server(asio::any_io_executor executor, net::ExceptionSink sink, Limits limits = {});
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Listens on a literal IP address and gives the port (port 0: the system chooses).
  mail::Result<std::uint16_t> listen(const std::string& address,
                                     std::uint16_t port,
                                     Routes routes,
                                     Encryption encryption = Encryption::none);

  /// The certificate of new connections from here on. Before the first one an encrypted listener
  /// closes what comes.
  void replace_tls(net::TlsContext tls);

  /// Listens on a Unix socket, mode 0660, removed by close(). Peers are checked by SO_PEERCRED:
  /// root, our own user, or a member of the socket's group. A socket that nobody listens on any
  /// more is replaced.
  mail::Result<void> listen(const std::filesystem::path& socket, Routes routes);

  /// Stops listening and cuts live connections. May be called again.
  void close();

  [[nodiscard]] std::size_t connections() const noexcept;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace http
