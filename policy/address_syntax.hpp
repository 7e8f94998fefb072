#pragma once

#include <string_view>

/// Character classes of RFC 5234, 5322 3.2 and 6532, for the readers of paths, of mailbox lists and
/// of what else peers write.
namespace policy::syntax {

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
constexpr bool is_8bit(char c) noexcept { return static_cast<unsigned char>(c) >= 0x80U; }
constexpr bool is_blank(char c) noexcept { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
constexpr bool is_control(char c) noexcept {
  return !is_8bit(c) && (c < ' ' || c == '\x7f') && !is_blank(c);
}

/// atext of RFC 5322 3.2.3, US-ASCII.
constexpr bool is_atext(char c) noexcept {
  return !is_8bit(c) && c > ' ' && c != '\x7f' &&
         std::string_view("()<>[]:;@\\,.\"").find(c) == std::string_view::npos;
}

/// One or more atoms with single dots between them (RFC 5322 3.2.3).
constexpr bool is_dot_atom(std::string_view text) noexcept {
  bool after_atom = false;
  for (const char c : text) {
    if (c != '.' && !is_atext(c)) return false;
    if (c == '.' && !after_atom) return false;
    after_atom = c != '.';
  }
  return after_atom;
}

}  // namespace policy::syntax
