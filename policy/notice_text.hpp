#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace policy {

// How the relay writes mail of its own (RFC 5322): US-ASCII, CRLF at the end of each line.

inline constexpr std::size_t text_column = 72;  ///< where lines for people end

/// `prefix` and the words of `text`, broken at spaces into lines of at most `column` octets; later
/// lines begin with `indent`. A single word that is longer stays whole.
[[nodiscard]] std::string wrap(std::string_view prefix,
                               std::string_view text,
                               std::string_view indent,
                               std::size_t column = text_column);

/// A header field, folded.
[[nodiscard]] std::string field(std::string_view name, std::string_view value);

/// RFC 2045 6.7, of text whose lines end with CRLF and without white space before it.
[[nodiscard]] std::string quoted_printable(std::string_view text);

/// What is said to somebody who looks after a site, or runs the relay.
struct Letter {
  std::string to;
  std::string subject;  ///< printable US-ASCII
  std::string text;     ///< lines with CRLF
};

/// What a letter becomes a message with.
struct LetterFrom {
  std::string from;        ///< the operator's address
  std::string message_id;  ///< with its angle brackets
  std::string date;        ///< RFC 5322 3.3
};

/// The message: plain text, that no machine is to answer (RFC 3834).
[[nodiscard]] std::string message_of(const Letter& letter, const LetterFrom& sender);

}  // namespace policy
