#include "relay/domains/spf/records.hpp"

#include "relay/domains/spf/ascii.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

namespace domains::spf {
namespace {

/// `text` begins with `prefix`, which is in lower case.
bool begins_with(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() &&
         std::equal(prefix.begin(), prefix.end(), text.begin(), [](char a, char b) {
           return a == to_lower(b);
         });
}

bool has_version(std::string_view text) {
  constexpr std::string_view version = "v=spf1";
  return begins_with(text, version) &&
         (text.size() == version.size() || text[version.size()] == ' ');
}

/// Takes a decimal number of at most `limit` from the front, and what must follow it.
std::optional<std::uint32_t> take_number(std::string_view& text, std::uint32_t limit) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || number > limit) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

std::optional<std::uint32_t> take_address(std::string_view& text) {
  std::uint32_t address = 0;
  for (int part = 0; part < 4; ++part) {
    if (part > 0 && !text.starts_with('.')) return std::nullopt;
    if (part > 0) text.remove_prefix(1);
    const auto number = take_number(text, 255);
    if (!number) return std::nullopt;
    address = address << 8U | *number;
  }
  return address;
}

std::string dotted(std::uint32_t address) {
  std::string text;
  for (const unsigned shift : std::array{24U, 16U, 8U, 0U}) {
    if (!text.empty()) text += '.';
    text += std::to_string(address >> shift & 0xffU);
  }
  return text;
}

/// "a.b.c.d" or "a.b.c.d/n".
std::optional<std::string> first_host_of(std::string_view range) {
  const auto address = take_address(range);
  if (!address) return std::nullopt;
  if (range.empty()) return dotted(*address);
  if (!range.starts_with('/')) return std::nullopt;
  range.remove_prefix(1);
  const auto length = take_number(range, 32);
  if (!length || !range.empty()) return std::nullopt;
  if (*length > 30) return dotted(*address);
  const std::uint32_t mask = *length == 0 ? 0 : 0xffffffffU << (32 - *length);
  return dotted((*address & mask) + 1);
}

}  // namespace

Selection select_record(const policy::DnsAnswer& answer) {
  Selection selection;
  for (const policy::DnsRecord& published : answer.records) {
    if (!has_version(published.text)) continue;
    ++selection.count;
    selection.record = published.text;
  }
  selection.is_ascii = std::all_of(selection.record.begin(), selection.record.end(), [](char c) {
    return c >= ' ' && c <= '~';
  });
  return selection;
}

std::optional<std::string> first_ip4_host(std::string_view record) {
  constexpr std::string_view mechanism = "ip4:";
  while (!record.empty()) {
    std::string_view term = record.substr(0, record.find(' '));
    record.remove_prefix(std::min(term.size() + 1, record.size()));
    if (term.starts_with('+')) term.remove_prefix(1);
    if (!begins_with(term, mechanism)) continue;
    if (auto host = first_host_of(term.substr(mechanism.size()))) return host;
  }
  return std::nullopt;
}

}  // namespace domains::spf
