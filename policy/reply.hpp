#pragma once

#include "policy/reason.hpp"

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace policy {

/// An SMTP reply (RFC 5321 4.2) that cannot contradict itself: the class digit of the enhanced
/// status code (RFC 3463) is the first digit of the code, derived and never stored.
class Reply {
 public:
  /// One line with an enhanced status code: `250 2.1.0 Ok`. Text is made printable US-ASCII and cut
  /// at 300 octets in all.
  Reply(Status status, std::string_view text);
  /// Lines without an enhanced status code: greeting, EHLO, 354, 334.
  static Reply plain(int code, std::vector<std::string> lines);

  [[nodiscard]] int code() const noexcept { return code_; }
  [[nodiscard]] bool positive() const noexcept { return code_ < 400; }
  [[nodiscard]] std::string wire() const;  ///< every line with its CRLF

 private:
  Reply(int code, std::vector<std::string> lines) : code_(code), lines_(std::move(lines)) {}
  int code_;
  std::vector<std::string> lines_;
};

/// A refusal by policy: the reason, and the sentence that names what was wrong with this message
/// and what to do. `sentence` begins "Not sent: " where a message is refused; `evidence` is the
/// offending piece for logs and `inspect`.
struct Refusal {
  Reason reason{};
  std::optional<Status> status;  ///< where it differs from the reason's row (5.6.7, 5.5.3)
  std::string sentence;
  std::string evidence;
};

/// `CODE X.Y.Z sentence (REF) [reason]`, one line, US-ASCII, under 300 octets: the sentence is cut,
/// never the rest.
[[nodiscard]] Reply reply_to(const Refusal& refusal, std::string_view reference);

/// At most `most` printable US-ASCII characters of a foreign value, others as `?`: for replies.
[[nodiscard]] std::string printable(std::string_view text, std::size_t most = 40);

/// "2026-12-31 23:59 UTC"
[[nodiscard]] std::string minute_of(std::chrono::system_clock::time_point at);

}  // namespace policy
