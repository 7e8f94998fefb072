#include "relay/domains/dns/name.hpp"

#include <array>
#include <cstdint>
#include <cstdio>
#include <limits>

namespace domains {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// The octet an escape (without its backslash) stands for; takes it from the front of the text.
std::optional<char> unescape(std::string_view& text) {
  if (text.empty()) return std::nullopt;
  std::size_t taken = 1;
  char octet = text.front();
  if (is_digit(octet)) {
    if (text.size() < 3 || !is_digit(text[1]) || !is_digit(text[2])) return std::nullopt;
    const int value = (text[0] - '0') * 100 + (text[1] - '0') * 10 + (text[2] - '0');
    if (value > std::numeric_limits<std::uint8_t>::max()) return std::nullopt;
    octet = static_cast<char>(value);
    taken = 3;
  }
  text.remove_prefix(taken);
  return octet;
}

}  // namespace

std::optional<std::string> wire_name(std::string_view text) {
  std::string wire;
  std::string label;
  const auto close = [&] {
    if (label.empty() || label.size() > longest_label) return false;
    wire += static_cast<char>(label.size());
    wire += label;
    label.clear();
    return wire.size() < longest_name;
  };
  while (!text.empty()) {
    std::optional<char> octet = text.front();
    text.remove_prefix(1);
    if (*octet == '.') {
      if (!close()) return std::nullopt;
      continue;
    }
    if (*octet == '\\') octet = unescape(text);
    if (!octet) return std::nullopt;
    label += lower(*octet);
  }
  if (!close()) return std::nullopt;
  return wire + '\0';
}

std::string shown_name(std::string_view wire) {
  std::string shown;
  while (!wire.empty() && wire.front() != '\0') {
    const std::size_t length = static_cast<unsigned char>(wire.front());
    if (!shown.empty()) shown += '.';
    for (const char octet : wire.substr(1, length)) {
      if (octet == '.' || octet == '\\') shown += '\\';
      if (octet > ' ' && octet < '\x7F') {
        shown += octet;
        continue;
      }
      std::array<char, 5> escaped{};
      std::snprintf(escaped.data(), escaped.size(), "\\%03u", static_cast<std::uint8_t>(octet));
      shown += escaped.data();
    }
    wire.remove_prefix(1 + length);
  }
  return shown.empty() ? "." : shown;
}

std::string_view parent_of(std::string_view name) {
  return name.substr(1 + static_cast<unsigned char>(name.front()));
}

bool is_within(std::string_view name, std::string_view zone) {
  while (name.size() > zone.size()) name = parent_of(name);
  return name == zone;
}

}  // namespace domains
