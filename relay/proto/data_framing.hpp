#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace smtp {

/// Reads the content of DATA (RFC 5321 4.1.1.4, 4.5.2) from chunks as they arrive: only CRLF.CRLF
/// ends it (or .CRLF right after DATA), the dot of a line that begins after a CRLF is unstuffed,
/// every other octet is kept as it came, bare CR and LF included. Over the limit octets are counted
/// and dropped, and the end is still looked for.
class ContentReader {
 public:
  explicit ContentReader(std::uint64_t limit);

  /// Takes from the front of `chunk`; returns how many octets belong to the content and its end.
  /// All of them, unless the end was found: the rest is the next command.
  std::size_t feed(std::string_view chunk);
  [[nodiscard]] bool complete() const noexcept { return complete_; }
  [[nodiscard]] bool too_big() const noexcept { return too_big_; }
  [[nodiscard]] std::uint64_t received() const noexcept { return received_; }
  /// The content, ends with CRLF unless empty; empty if too_big. Call once, when complete.
  [[nodiscard]] std::shared_ptr<std::string> take();

 private:
  enum class At : std::uint8_t { line_start, dot, dot_cr, text, cr };
  // Each of these three gives how many octets it took.
  std::size_t keep_lines(std::string_view text);  ///< up to and with a dot that begins a line
  std::size_t pass(std::string_view text);        ///< to behind the next CR, or what follows one
  std::size_t end_or_unstuff(char c);             ///< what follows such a dot
  void keep(std::string_view run);

  std::uint64_t limit_;
  std::uint64_t received_ = 0;
  std::shared_ptr<std::string> octets_;
  At at_ = At::line_start;
  bool complete_ = false;
  bool too_big_ = false;
};

/// Dot-stuffs a message and adds the end CRLF.CRLF, for sending it.
[[nodiscard]] std::string frame(std::string_view octets);

}  // namespace smtp
