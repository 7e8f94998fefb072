#pragma once

namespace domains::spf {

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// US-ASCII letters only.
constexpr char to_lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace domains::spf
