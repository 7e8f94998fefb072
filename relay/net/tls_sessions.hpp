#pragma once

#include <openssl/ssl.h>

#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace net {

/// The TLS sessions that servers gave, kept to be resumed. One for each client context, with which
/// it goes: what was verified against other authorities is never resumed. Thread-safe.
class TlsSessions {
 public:
  /// For all servers together; beyond it the oldest go.
  static constexpr std::size_t limit = 16;

  struct Free {
    void operator()(SSL_SESSION* session) const noexcept { SSL_SESSION_free(session); }
  };
  using Session = std::unique_ptr<SSL_SESSION, Free>;

  /// `server` is "host:port". No one else may hold the session: connections change theirs without
  /// a lock.
  void keep(std::string server, Session session);
  /// The newest of this server whose time, and whose certificate's, is not over; or null. A session
  /// of TLS 1.3 is given out once (RFC 8446 C.4), one of TLS 1.2 as often as wanted, in copies.
  [[nodiscard]] Session take(std::string_view server, std::chrono::system_clock::time_point now);
  void forget(std::string_view server);

 private:
  struct Kept {
    std::string server;
    Session session;
  };
  std::mutex mutex_;
  std::deque<Kept> kept_;  ///< oldest first
};

/// Gives a client context its TlsSessions: from now on its streams keep what their servers give.
void keep_sessions(SSL_CTX* context);

/// Before a client's handshake: offers a kept session of `server`, which must outlive the stream.
void offer_session(SSL* stream, const std::string& server);

/// After a client's handshake failed: no session of its server is offered again, should it be one
/// of them that the server chokes on.
void forget_sessions(SSL* stream);

}  // namespace net
