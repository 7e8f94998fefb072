#include "policy/ip_address.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>

namespace policy {
namespace {

/// A decimal number of at most `most`, without leading zeros.
bool is_number(std::string_view text, unsigned most) noexcept {
  if (text.empty() || text.size() > 3 || (text.size() > 1 && text.front() == '0')) return false;
  unsigned number = 0;
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, number);
  return read.ec == std::errc{} && read.ptr == end && number <= most;
}

bool is_hex_group(std::string_view text) noexcept {
  return !text.empty() && text.size() <= 4 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
  });
}

/// How many 16-bit groups stand between single colons; an IPv4 address at the end counts two.
/// Nothing: none. Over eight: not groups.
std::size_t groups(std::string_view text) noexcept {
  constexpr std::size_t not_groups = 9;
  std::size_t count = 0;
  while (!text.empty()) {
    const auto colon = text.find(':');
    const std::string_view group = text.substr(0, colon);
    const bool last = colon == std::string_view::npos;
    if (last && is_ip4_address(group)) return count + 2;
    if (!is_hex_group(group) || count == not_groups) return not_groups;
    ++count;
    if (last) break;
    text.remove_prefix(colon + 1);
    if (text.empty()) return not_groups;
  }
  return count;
}

bool has_sound_prefix_length(std::string_view text, unsigned most) noexcept {
  const auto slash = text.find('/');
  return slash == std::string_view::npos || is_number(text.substr(slash + 1), most);
}

}  // namespace

bool is_ip4_address(std::string_view text) noexcept {
  for (int part = 0; part < 4; ++part) {
    const auto end = part < 3 ? text.find('.') : text.size();
    if (end == std::string_view::npos || !is_number(text.substr(0, end), 255)) return false;
    text.remove_prefix(part < 3 ? end + 1 : end);
  }
  return true;
}

bool is_ip6_address(std::string_view text) noexcept {
  const auto gap = text.find("::");
  if (gap == std::string_view::npos) return groups(text) == 8;
  const std::string_view front = text.substr(0, gap);
  if (front.find('.') != std::string_view::npos) return false;
  return groups(front) + groups(text.substr(gap + 2)) < 8;
}

bool is_ip4_network(std::string_view text) noexcept {
  return is_ip4_address(text.substr(0, text.find('/'))) && has_sound_prefix_length(text, 32);
}

bool is_ip6_network(std::string_view text) noexcept {
  return is_ip6_address(text.substr(0, text.find('/'))) && has_sound_prefix_length(text, 128);
}

}  // namespace policy
