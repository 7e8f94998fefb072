#include "relay/feedback/event_text.hpp"

#include "mail/header_fields.hpp"
#include "policy/address.hpp"

#include <algorithm>

namespace feedback {
namespace {

constexpr std::size_t longest_address = 320;
constexpr std::string_view around_an_address = " \t\r\n<>()[],;:\"'";

bool is_blank(char c) { return (c >= 0 && c <= ' ') || c == '\x7f'; }

/// The first octet of the address around the @ at `at`, not before `earliest`.
std::size_t begin_of_address(std::string_view text, std::size_t earliest, std::size_t at) {
  const std::string_view before = text.substr(earliest, at - earliest);
  if (before.size() > 1 && before.ends_with('"')) {
    const std::size_t quote = before.rfind('"', before.size() - 2);
    if (quote != std::string_view::npos) return earliest + quote;
  }
  const std::size_t last_outside = before.find_last_of(around_an_address);
  return last_outside == std::string_view::npos ? earliest : earliest + last_outside + 1;
}

}  // namespace

std::string one_line(std::string_view text, std::size_t most) {
  std::string line;
  bool blank = false;
  for (const char c : text) {
    if (is_blank(c)) {
      blank = !line.empty();
      continue;
    }
    if (blank) line += ' ';
    blank = false;
    line += c;
    if (line.size() > most) break;
  }
  if (line.size() <= most) return line;
  std::size_t end = most;
  while (end > 0 && (static_cast<unsigned char>(line[end]) & 0xC0U) == 0x80U) --end;
  line.resize(end);
  return line;
}

std::string without_addresses(std::string_view text) {
  std::string without;
  std::size_t done = 0;
  for (std::size_t at = text.find('@'); at != std::string_view::npos; at = text.find('@', done)) {
    std::size_t begin = begin_of_address(text, done, at);
    std::size_t end = std::min(text.find_first_of(around_an_address, at), text.size());
    if (begin > done && text[begin - 1] == '<' && end < text.size() && text[end] == '>') {
      --begin;
      ++end;
    }
    without.append(text.substr(done, begin - done)).append("<address>");
    done = end;
  }
  return without.append(text.substr(done));
}

std::string bare_address(std::string_view text) {
  const std::size_t bracket = text.rfind('<');
  if (text.ends_with('>') && bracket != std::string_view::npos)
    text = text.substr(bracket + 1, text.size() - bracket - 2);
  if (const auto address = policy::parse_path(text)) return address->text();
  std::string line = one_line(text, longest_address);
  const std::size_t domain = std::min(line.rfind('@'), line.size());
  return line.replace(domain, line.size(), mail::to_lower(line.substr(domain)));
}

}  // namespace feedback
