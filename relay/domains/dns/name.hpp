#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

/// Domain names in wire form (RFC 1035, 3.1): labels with their lengths, the empty one at the end,
/// here always in lower case.
namespace domains {

inline constexpr std::size_t longest_label = 63;  ///< octets; RFC 1035, 2.3.4
inline constexpr std::size_t longest_name = 255;

/// The root's name: the empty label alone.
inline constexpr std::string_view root_name{"\0", 1};

[[nodiscard]] constexpr char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// The wire form of a name without the last dot; escapes of RFC 1035, 5.1 are read. None for what
/// DNS cannot carry: an empty or too long label, too long a name, a broken escape.
[[nodiscard]] std::optional<std::string> wire_name(std::string_view text);

/// A name as text, without the last dot, what is unprintable escaped as RFC 1035, 5.1 says; the
/// root is ".".
[[nodiscard]] std::string shown_name(std::string_view wire);

/// Is the name that zone's own or below it?
[[nodiscard]] bool is_within(std::string_view name, std::string_view zone);

/// The name without its first label; not of the root.
[[nodiscard]] std::string_view parent_of(std::string_view name);

}  // namespace domains
