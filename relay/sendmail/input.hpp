#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sendmail {

inline constexpr std::size_t max_message_octets = std::size_t{40} * 1024 * 1024;

/// Gathers a message from chunks as they are read: LF line ends become CRLF, and where `dot_ends` a
/// line with a lone dot ends the message. Every other octet is kept; whether it may be sent is for
/// the relay to judge.
class MessageInput {
 public:
  explicit MessageInput(bool dot_ends) : dot_ends_(dot_ends) {}

  /// Takes a chunk; what follows the end, or goes over max_message_octets, is dropped.
  void feed(std::string_view chunk);
  [[nodiscard]] bool ended() const noexcept { return ended_; }
  [[nodiscard]] bool too_big() const noexcept { return too_big_; }
  /// The message; a last line without its end gets one. Call once, at the end.
  [[nodiscard]] std::string take();

 private:
  void end_line();

  bool dot_ends_;
  bool ended_ = false, too_big_ = false;
  std::string octets_;
  std::size_t line_start_ = 0;
};

}  // namespace sendmail
