#pragma once

#include "relay/proto/server_steps.hpp"

#include <cstddef>
#include <memory>

namespace smtp {

inline constexpr std::size_t max_recipients_listed = 1000;  ///< RCPTs kept at most before 452
/// Unknown, malformed or misplaced commands before 421 and close, counted from the last message
/// taken. Refusals by policy and what a client pipelined behind one (RCPT, DATA) do not count: a
/// newsletter may be refused many times.
inline constexpr int max_bad_commands = 20;

/// The server's side of an SMTP submission session (RFC 5321, 6409, 4954, 3207, 2920, 1870, 6152,
/// 2034): a state machine without I/O. Construct, call start() once, then resume() with what came
/// back of each Next. A bare LF, bare CR or NUL in a command closes it, because two readers would
/// see different commands in what follows. While a Commit is out nothing but its own answer is ever
/// said: TimedOut and Draining then close without a reply.
class ServerSession {
 public:
  explicit ServerSession(ServerOptions options);
  ~ServerSession();
  ServerSession(ServerSession&&) noexcept;
  ServerSession& operator=(ServerSession&&) noexcept;

  [[nodiscard]] Step start();
  [[nodiscard]] Step resume(Input input);
  [[nodiscard]] bool in_transaction() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace smtp
