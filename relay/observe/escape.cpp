#include "relay/observe/escape.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <optional>

namespace observe {

namespace {

struct Range {
  char32_t first, last;
};

// What a terminal acts on or shows as nothing.
constexpr std::array deceptive{
    Range{0x00, 0x1F},      // C0
    Range{0x7F, 0x9F},      // DEL, C1
    Range{0xAD, 0xAD},      // soft hyphen
    Range{0x34F, 0x34F},    // combining grapheme joiner
    Range{0x61C, 0x61C},    // Arabic letter mark
    Range{0x115F, 0x1160},  // Hangul fillers
    Range{0x180B, 0x180F},  // Mongolian selectors
    Range{0x200B, 0x200F},  // zero width, LRM, RLM
    Range{0x2028, 0x202E},  // line separators, embeddings, overrides
    Range{0x2060, 0x206F},  // word joiner, isolates
    Range{0x3164, 0x3164},
    Range{0xFE00, 0xFE0F},  // variation selectors
    Range{0xFEFF, 0xFEFF},
    Range{0xFFA0, 0xFFA0},
    Range{0xFFF9, 0xFFFB},
    Range{0xE0000, 0xE0FFF},  // tags
};

bool is_deceptive(char32_t point) noexcept {
  return std::ranges::any_of(
      deceptive, [point](Range range) { return point >= range.first && point <= range.last; });
}

bool is_plain(char c) noexcept { return c >= ' ' && c <= '~' && c != '\\'; }

struct Character {
  char32_t point;
  std::size_t octets;
};

// The length that a first octet announces, and its bits of the code point; 0 for an octet that
// cannot be first.
struct Lead {
  std::size_t octets;
  char32_t bits;
};
Lead lead(std::uint8_t octet) noexcept {
  if (octet < 0x80) return {1, octet};
  if (octet >= 0xC2 && octet < 0xE0) return {2, octet & 0x1Fu};
  if (octet >= 0xE0 && octet < 0xF0) return {3, octet & 0x0Fu};
  if (octet >= 0xF0 && octet < 0xF5) return {4, octet & 0x07u};
  return {0, 0};
}

// The character at the start of text (RFC 3629); nothing if it is no UTF-8.
std::optional<Character> character(std::string_view text) noexcept {
  const auto [octets, bits] = lead(static_cast<std::uint8_t>(text.front()));
  if (octets == 0 || text.size() < octets) return std::nullopt;
  char32_t point = bits;
  for (std::size_t i = 1; i < octets; ++i) {
    const auto octet = static_cast<std::uint8_t>(text[i]);
    if ((octet & 0xC0u) != 0x80u) return std::nullopt;
    point = (point << 6) | (octet & 0x3Fu);
  }
  const bool overlong = (octets == 3 && point < 0x800) || (octets == 4 && point < 0x10000);
  const bool surrogate = point >= 0xD800 && point <= 0xDFFF;
  if (overlong || surrogate || point > 0x10FFFF) return std::nullopt;
  return Character{point, octets};
}

std::string hex(const char* format, unsigned value) {
  std::array<char, 16> text{};
  const int length = std::snprintf(text.data(), text.size(), format, value);
  return {text.data(), static_cast<std::size_t>(length)};
}

std::string shown(std::string_view octets, char32_t point) {
  if (point == U'\n') return "\\n";
  if (point == U'\r') return "\\r";
  if (point == U'\t') return "\\t";
  if (point == U'\\') return "\\\\";
  if (!is_deceptive(point)) return std::string(octets);
  if (point < 0x80) return hex("\\x%02x", point);
  return point > 0xFFFF ? hex("\\U%08x", point) : hex("\\u%04x", point);
}

}  // namespace

std::string escaped(std::string_view text, std::size_t most) {
  if (text.size() <= most && std::ranges::all_of(text, is_plain)) return std::string(text);
  constexpr std::string_view ellipsis = "...";
  std::string out;
  std::size_t room_for_ellipsis = 0;  // how much of `out` stays if the rest is cut
  while (!text.empty()) {
    const auto read = character(text);
    const std::size_t octets = read ? read->octets : 1;
    const std::string piece = read ? shown(text.substr(0, octets), read->point)
                                   : hex("\\x%02x", static_cast<std::uint8_t>(text.front()));
    if (piece.size() > most - out.size()) {
      out.resize(room_for_ellipsis);
      return out.append(ellipsis.substr(0, std::min(most, ellipsis.size())));
    }
    out += piece;
    if (out.size() + ellipsis.size() <= most) room_for_ellipsis = out.size();
    text.remove_prefix(octets);
  }
  return out;
}

std::string valid_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto read = character(text);
    out += read ? text.substr(0, read->octets) : std::string_view("\xEF\xBF\xBD");
    text.remove_prefix(read ? read->octets : 1);
  }
  return out;
}

std::string printable_json(std::string_view json) {
  std::string out;
  out.reserve(json.size());
  while (!json.empty()) {
    const Character read = character(json).value_or(Character{0xFFFD, 1});
    if (!is_deceptive(read.point)) {
      out += read.point == 0xFFFD ? std::string_view("\xEF\xBF\xBD") : json.substr(0, read.octets);
    } else if (read.point > 0xFFFF) {  // a surrogate pair
      out += hex("\\u%04x", 0xD800 + ((read.point - 0x10000) >> 10));
      out += hex("\\u%04x", 0xDC00 + ((read.point - 0x10000) & 0x3FF));
    } else {
      out += hex("\\u%04x", read.point);
    }
    json.remove_prefix(read.octets);
  }
  return out;
}

}  // namespace observe
