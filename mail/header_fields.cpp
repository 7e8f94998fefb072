#include "mail/header_fields.hpp"

#include <algorithm>

namespace mail {
namespace {

constexpr char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}
constexpr bool blank(char c) noexcept { return c == ' ' || c == '\t'; }

/// One line from the front of `octets`, its line end included.
std::string_view take_line(std::string_view octets) noexcept {
  const auto end = octets.find('\n');
  return octets.substr(0, end == std::string_view::npos ? octets.size() : end + 1);
}

std::string_view without_line_end(std::string_view line) noexcept {
  if (line.ends_with('\n')) line.remove_suffix(1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

/// The field at the front of `octets`: its first line and the continuation lines after it.
std::string_view take_field(std::string_view octets) noexcept {
  std::size_t length = take_line(octets).size();
  while (length < octets.size() && blank(octets[length]))
    length += take_line(octets.substr(length)).size();
  return octets.substr(0, length);
}

std::optional<Field> split_field(std::string_view raw) noexcept {
  const auto colon = raw.find(':');
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  std::string_view name = raw.substr(0, colon);
  while (!name.empty() && blank(name.back())) name.remove_suffix(1);
  const auto printable = [](char c) { return c > ' ' && c < '\x7f'; };
  if (name.empty() || !std::all_of(name.begin(), name.end(), printable)) return std::nullopt;
  return Field{raw, name, without_line_end(raw.substr(colon + 1))};
}

}  // namespace

const Field* HeaderSection::find(std::string_view name) const noexcept {
  for (const Field& field : fields) {
    if (equals_ignoring_case(field.name, name)) return &field;
  }
  return nullptr;
}

std::vector<const Field*> HeaderSection::find_all(std::string_view name) const {
  std::vector<const Field*> found;
  for (const Field& field : fields) {
    if (equals_ignoring_case(field.name, name)) found.push_back(&field);
  }
  return found;
}

HeaderSection read_header_section(std::string_view octets) {
  HeaderSection section;
  const auto note = [&section](HeaderFault fault, std::string_view line) {
    if (!section.fault) section.fault_line = without_line_end(line);
    if (!section.fault) section.fault = fault;
  };
  while (section.body_offset < octets.size()) {
    const std::string_view rest = octets.substr(section.body_offset);
    const std::string_view line = take_line(rest);
    if (without_line_end(line).empty()) {
      section.body_offset += line.size();
      break;
    }
    const std::string_view raw = take_field(rest);
    const bool too_long = section.body_offset + raw.size() > max_header_octets;
    if (too_long || section.fields.size() == max_header_fields) {
      note(too_long ? HeaderFault::too_long : HeaderFault::too_many_fields, line);
      break;
    }
    section.body_offset += raw.size();
    if (const auto field = split_field(raw)) {
      section.fields.push_back(*field);
    } else {
      note(HeaderFault::no_field_name, line);
    }
  }
  return section;
}

std::string unfold(std::string_view value) {
  std::string text;
  text.reserve(value.size());
  for (const char c : value) {
    if (c != '\r' && c != '\n') text.push_back(c);
  }
  return std::string(trim(text));
}

std::string_view trim(std::string_view text) noexcept {
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
           return lower(x) == lower(y);
         });
}

bool starts_with_ignoring_case(std::string_view text, std::string_view prefix) noexcept {
  return text.size() >= prefix.size() &&
         equals_ignoring_case(text.substr(0, prefix.size()), prefix);
}

std::string to_lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), lower);
  return out;
}

}  // namespace mail
