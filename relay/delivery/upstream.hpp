#pragma once

#include "relay/net/coro.hpp"
#include "relay/proto/client_session.hpp"
#include "relay/spool/entry.hpp"

#include <memory>
#include <optional>
#include <string>

namespace delivery {

/// How a try to open a connection, or to deliver a message, ended.
struct Attempt {
  smtp::Phase phase{};
  std::optional<smtp::UpstreamReply> reply;  ///< none: the connection broke, `trouble` says how
  bool ambiguous = false;                    ///< content and final dot went out, no reply came
  bool closing = false;                      ///< the connection is not to be used again
  std::string trouble;                       ///< for people, where there is no reply
  std::string unsignable;  ///< not empty: nothing was sent because the message could not be signed
};

/// What a delivery needs of its courier while it is under way.
class Hooks {
 public:
  virtual ~Hooks() = default;
  /// The framed octets; empty when the message cannot be signed (`why` then says it). Called while
  /// MAIL is on its way.
  virtual std::string content(std::string& why) = 0;
  /// Waits until the in-doubt mark is durable; false if it could not be made: the final dot must
  /// not be sent.
  virtual net::asio::awaitable<bool> marked() = 0;
};

/// One connection to an upstream (one of the four seams): SMTP, or capture to files.
class UpstreamConnection {
 public:
  virtual ~UpstreamConnection() = default;
  /// Connects up to ready; nothing when ready, else what went wrong.
  virtual net::asio::awaitable<std::optional<Attempt>> open() = 0;
  virtual net::asio::awaitable<Attempt> deliver(const spool::Job& job, Hooks& hooks) = 0;
  /// True when the peer has closed or spoken while it was idle: open another one.
  [[nodiscard]] virtual bool stale() = 0;
  virtual net::asio::awaitable<void> close() = 0;
  /// Ends what is under way at once; an outcome may stay ambiguous.
  virtual void abort() = 0;
};

}  // namespace delivery
