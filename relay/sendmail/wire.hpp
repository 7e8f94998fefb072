#pragma once

#include "relay/sendmail/settings.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace sendmail {

using Deadline = std::chrono::steady_clock::time_point;

/// A TCP connection to the relay, in clear text until TLS is started on it. Every call that waits
/// ends at the deadline.
class Wire {
 public:
  /// Resolves and connects: each address in turn, those that are not the last for 5 s at most.
  [[nodiscard]] static Result<Wire> connect(const Settings& settings, Deadline deadline);

  Wire(Wire&&) noexcept;
  Wire& operator=(Wire&&) noexcept;
  ~Wire();

  void set_deadline(Deadline deadline) noexcept;

  /// TLS 1.2 or later; the certificate is verified and must name `settings.host`. Nothing that came
  /// in clear text may be unread.
  [[nodiscard]] std::optional<Trouble> start_tls(const Settings& settings);

  /// Whether all of it was written.
  [[nodiscard]] bool write(std::string_view octets);

  /// What is there, at most 16 KiB; waits for the first octet. Empty: the end, or the deadline.
  [[nodiscard]] std::string read_some();

  /// A line without its CRLF, at most `most` octets; nothing: the end, the deadline or the bound.
  [[nodiscard]] std::optional<std::string> read_line(std::size_t most);

  [[nodiscard]] int descriptor() const noexcept;
  [[nodiscard]] bool has_unread() const noexcept;  ///< octets that poll() would not show
  void end_writing();                              ///< says that nothing follows

 private:
  struct State;
  explicit Wire(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// Waits until one of the descriptors can be read, or `deadline`; gives whether one can. Those
/// below zero are left out.
[[nodiscard]] bool await_readable(int one, int other, Deadline deadline);

}  // namespace sendmail
