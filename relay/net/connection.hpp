#pragma once

#include "relay/net/coro.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace net {

using Tcp = asio::ip::tcp;
using TlsContext = std::shared_ptr<asio::ssl::context>;

/// One TCP connection, in clear text or TLS, with an input buffer and one watchdog: each step sets
/// the deadline, and past it every operation under way ends with an error and expired() is true.
/// Lives on one thread.
class Connection {
 public:
  Connection(Tcp::socket socket, std::size_t input_buffer_octets);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// TLS from here on; the input buffer must be empty.
  asio::awaitable<boost::system::error_code> accept_tls(TlsContext context);
  /// Verifies the peer's certificate and that it is for `host`; or resumes a session of this
  /// context, host and port, for which that was done.
  asio::awaitable<boost::system::error_code> connect_tls(TlsContext context, std::string host);
  /// Takes any certificate, and so tells nothing of who answers: for a look at a port of our own.
  asio::awaitable<boost::system::error_code> connect_tls_unverified(TlsContext context);

  /// Reads once into the buffer; an error at the end of the stream, when the buffer is full, and
  /// past the deadline. `awaits_rest`: more must come before anything is answered, so what came is
  /// acknowledged at once; an answer would carry the acknowledgement.
  asio::awaitable<boost::system::error_code> fill(bool awaits_rest = false);
  [[nodiscard]] std::string_view buffered() const noexcept;
  void consume(std::size_t octets) noexcept;

  /// Writes all of `octets`, which the caller keeps alive.
  asio::awaitable<boost::system::error_code> write(std::string_view octets);

  /// The watchdog's deadline, from now; each read and write is to be preceded by one. Ends an
  /// expiry.
  void expect_within(std::chrono::milliseconds limit);
  [[nodiscard]] bool expired() const noexcept;
  /// Ends the operation under way, as the deadline would, without expiring. For the drain.
  void interrupt() noexcept;
  [[nodiscard]] bool encrypted() const noexcept { return tls_.has_value(); }
  [[nodiscard]] Tcp::socket& socket() noexcept { return socket_; }
  [[nodiscard]] asio::ssl::stream<Tcp::socket&>* tls() noexcept { return tls_ ? &*tls_ : nullptr; }
  /// Sends what the kernel still has (no linger); TLS peers get no close_notify, whose loss would
  /// say nothing in SMTP.
  void close() noexcept;

 private:
  struct Watchdog;
  Tcp::socket socket_;
  TlsContext context_;
  std::string server_;  ///< whose sessions the stream resumes and keeps; outlives it
  std::optional<asio::ssl::stream<Tcp::socket&>> tls_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::shared_ptr<Watchdog> watchdog_;
};

}  // namespace net
