#pragma once

#include "relay/sendmail/trouble.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sendmail {

/// What one call of sendmail is to do.
struct Request {
  bool dialogue = false;           ///< -bs: SMTP on standard input and output
  bool header_recipients = false;  ///< -t
  bool dot_ends = true;            ///< a line with a lone dot ends the message; not with -i
  bool verbose = false;            ///< -v: says what the relay answered
  std::optional<std::string> reverse_path;  ///< -f, -r; empty: the null path
  std::string full_name;                    ///< -F: for a From field that has to be added
  std::vector<std::string> recipients;      ///< as written: each may be a list
};

/// What becomes of an option letter.
enum class Use : std::uint8_t {
  taken,
  ignored,  ///< asks for what only a mail system with a queue of its own does
  refused,  ///< names a file, or asks for what would be something else than sending
};

/// One option letter of sendmail.
struct Option {
  std::string_view letters;  ///< those that are the same: "fr"
  std::string_view value;    ///< the name of its value, joined or the next word; empty: a flag
  Use use = Use::taken;
  std::string_view meaning;

  [[nodiscard]] std::string shown() const;   ///< `-f -r ADDRESS`
  [[nodiscard]] std::string effect() const;  ///< the meaning, with what becomes of it
};

/// Every letter that is known, in the order of the manual.
[[nodiscard]] std::span<const Option> options() noexcept;

inline constexpr std::size_t max_recipients = 1000;
inline constexpr std::size_t max_full_name_octets = 200;

/// Reads a command line without the program's name. Options may be joined (`-ti`), values too
/// (`-fADDR`, `-oi`). Only what is known to be harmless is let through, because web applications
/// put other people's text here (the fifth argument of PHP's mail()): no option names a file, and a
/// control character anywhere is refused. A Trouble is EX_USAGE.
[[nodiscard]] Result<Request> read_arguments(std::span<const char* const> words);

}  // namespace sendmail
