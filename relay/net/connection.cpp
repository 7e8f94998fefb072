#include "relay/net/connection.hpp"

#include "relay/net/tls_sessions.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/write.hpp>

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cstring>

namespace net {

using boost::system::error_code;

/// The timer outlives the connection by its last handler, so it is shared with that handler. It is
/// armed anew only when the deadline moves closer: a deadline that moves away is seen when the
/// timer fires.
struct Connection::Watchdog : std::enable_shared_from_this<Watchdog> {
  Watchdog(const asio::any_io_executor& executor, Tcp::socket* guarded)
      : timer(executor), socket(guarded) {}

  void expect_within(std::chrono::milliseconds limit) {
    expired = false;
    deadline = std::chrono::steady_clock::now() + limit;
    if (!armed || deadline < timer.expiry()) arm();
  }

  void arm() {
    armed = true;
    timer.expires_at(deadline);
    timer.async_wait([self = shared_from_this()](const error_code& cancelled) {
      if (!cancelled) self->fired();
    });
  }

  void fired() {
    armed = false;
    if (!socket) return;
    if (std::chrono::steady_clock::now() < deadline) return arm();
    expired = true;
    error_code ignored;  // nothing is under way: there is nothing to cancel
    socket->cancel(ignored);
  }

  asio::steady_timer timer;
  Tcp::socket* socket;  ///< null once the connection is gone
  std::chrono::steady_clock::time_point deadline{};
  bool armed = false;
  bool expired = false;
};

Connection::Connection(Tcp::socket socket, std::size_t input_buffer_octets)
    : socket_(std::move(socket)),
      buffer_(input_buffer_octets),
      watchdog_(std::make_shared<Watchdog>(socket_.get_executor(), &socket_)) {}

Connection::~Connection() {
  // A client's stream, dropped without close_notify: OpenSSL would mark its session unusable.
  if (tls_ && !server_.empty())
    SSL_set_shutdown(tls_->native_handle(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  watchdog_->socket = nullptr;
  watchdog_->timer.cancel();
}

asio::awaitable<error_code> Connection::accept_tls(TlsContext context) {
  context_ = std::move(context);
  tls_.emplace(socket_, *context_);
  const auto [failed] = co_await tls_->async_handshake(asio::ssl::stream_base::server, tup);
  co_return failed;
}

asio::awaitable<error_code> Connection::connect_tls(TlsContext context, std::string host) {
  context_ = std::move(context);
  tls_.emplace(socket_, *context_);
  if (SSL_set_tlsext_host_name(tls_->native_handle(), host.c_str()) != 1) {
    co_return asio::error::invalid_argument;
  }
  tls_->set_verify_mode(asio::ssl::verify_peer);
  tls_->set_verify_callback(asio::ssl::host_name_verification(host));
  error_code gone;  // the handshake will say so too
  server_ = host + ":" + std::to_string(socket_.remote_endpoint(gone).port());
  offer_session(tls_->native_handle(), server_);
  const auto [failed] = co_await tls_->async_handshake(asio::ssl::stream_base::client, tup);
  if (failed) forget_sessions(tls_->native_handle());
  co_return failed;
}

asio::awaitable<error_code> Connection::connect_tls_unverified(TlsContext context) {
  context_ = std::move(context);
  tls_.emplace(socket_, *context_);
  tls_->set_verify_mode(asio::ssl::verify_none);
  const auto [failed] = co_await tls_->async_handshake(asio::ssl::stream_base::client, tup);
  co_return failed;
}

asio::awaitable<error_code> Connection::fill(bool awaits_rest) {
  if (begin_ == end_) {
    begin_ = end_ = 0;
  } else if (end_ == buffer_.size() && begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (end_ == buffer_.size()) co_return asio::error::no_buffer_space;
  if (awaits_rest || begin_ != end_) {
    // PHP writes in small pieces and waits 44 ms for a delayed ACK each time; the kernel forgets
    // the option, so it is set before each such read. Failing costs time only.
    const int on = 1;
    ::setsockopt(socket_.native_handle(), IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
  }
  const asio::mutable_buffer space(buffer_.data() + end_, buffer_.size() - end_);
  error_code failed;
  std::size_t octets = 0;
  if (tls_) {
    std::tie(failed, octets) = co_await tls_->async_read_some(space, tup);
  } else {
    std::tie(failed, octets) = co_await socket_.async_read_some(space, tup);
  }
  end_ += octets;
  co_return failed;
}

std::string_view Connection::buffered() const noexcept {
  return {buffer_.data() + begin_, end_ - begin_};
}

void Connection::consume(std::size_t octets) noexcept { begin_ += octets; }

asio::awaitable<error_code> Connection::write(std::string_view octets) {
  const asio::const_buffer all(octets.data(), octets.size());
  error_code failed;
  if (tls_) {
    std::tie(failed, std::ignore) = co_await asio::async_write(*tls_, all, tup);
  } else {
    std::tie(failed, std::ignore) = co_await asio::async_write(socket_, all, tup);
  }
  co_return failed;
}

void Connection::expect_within(std::chrono::milliseconds limit) { watchdog_->expect_within(limit); }

bool Connection::expired() const noexcept { return watchdog_->expired; }

void Connection::interrupt() noexcept {
  error_code ignored;
  socket_.cancel(ignored);
}

void Connection::close() noexcept {
  error_code ignored;
  socket_.shutdown(Tcp::socket::shutdown_both, ignored);
  socket_.close(ignored);
}

}  // namespace net
