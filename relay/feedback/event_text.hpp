#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace feedback {

/// Foreign text on one line: each run of white space and control characters becomes one space, none
/// at its ends; whole UTF-8 characters of at most `most` octets.
[[nodiscard]] std::string one_line(std::string_view text, std::size_t most);

/// The same text with `<address>` for each mail address in it.
[[nodiscard]] std::string without_addresses(std::string_view text);

/// An address as SES writes it, perhaps with a display name, in the form of policy::Address. What
/// is none stays as it is, on one line and with its domain in lower case, in at most 320 octets.
[[nodiscard]] std::string bare_address(std::string_view text);

}  // namespace feedback
