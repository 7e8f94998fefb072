#pragma once

#include "relay/proto/client_session.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace smtp {

/// Gathers the lines of one upstream reply (RFC 5321 4.2.1) within max_reply_line_octets,
/// max_reply_lines and max_reply_text_octets. After `garbage` the session cannot be followed any
/// more.
class ReplyReader {
 public:
  enum class Found : std::uint8_t { more, whole, garbage };

  /// Takes a line without CRLF: `250-text`, `250 text` or `250`, with the same code in all lines of
  /// a reply.
  [[nodiscard]] Found feed(std::string_view line);
  [[nodiscard]] bool between_replies() const noexcept { return lines_ == 0; }
  /// The reply, once whole; the next line begins another.
  [[nodiscard]] UpstreamReply take();

 private:
  void append(std::string_view text);

  UpstreamReply reply_;
  int lines_ = 0;
};

/// What EHLO offers, of what the client session uses.
struct Capabilities {
  bool starttls = false;
  bool plain = false;  ///< AUTH PLAIN
  bool login = false;  ///< AUTH LOGIN
  bool size = false;
  bool eight_bit = false;
};

/// Takes a line of EHLO's reply but its first: `250-AUTH PLAIN LOGIN`, in any case.
void note(Capabilities& offered, std::string_view line);

/// The text without the words that have eight octets in a row in common with a secret (or all of a
/// shorter one): an upstream may echo the command that it refuses.
[[nodiscard]] std::string without_secrets(std::string_view text,
                                          std::span<const std::string> secrets);

}  // namespace smtp
