#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace observe {

/// Makes foreign text harmless on one line of a log or a terminal, in at most `most` octets (whole
/// escapes and characters only; what is cut ends in `...`). C0 controls and DEL become `\n`, `\r`,
/// `\t` or `\xNN`, a backslash two; C1 controls, bidirectional and zero-width characters, line
/// separators and tags `\uNNNN` or `\UNNNNNNNN`; octets that are not UTF-8
/// `\xNN`.
[[nodiscard]] std::string escaped(std::string_view text,
                                  std::size_t most = static_cast<std::size_t>(-1));

/// The same text as valid UTF-8: each octet that is none becomes U+FFFD. For JSON.
[[nodiscard]] std::string valid_utf8(std::string_view text);

/// JSON text with everything that `escaped` would hide from a terminal as `\uNNNN` escapes; it
/// stays the same JSON.
[[nodiscard]] std::string printable_json(std::string_view json);

}  // namespace observe
