#include "relay/proto/reply_reader.hpp"

#include <algorithm>
#include <utility>

namespace smtp {
namespace {

/// 200 to 599, alone or ahead of a space or hyphen; 0: none.
int code_of(std::string_view line) {
  if (line.size() < 3 || line[0] < '2' || line[0] > '5') return 0;
  int code = 0;
  for (const char c : line.substr(0, 3)) {
    if (c < '0' || c > '9') return 0;
    code = code * 10 + (c - '0');
  }
  return line.size() == 3 || line[3] == ' ' || line[3] == '-' ? code : 0;
}

/// Takes the next word of an EHLO line from the front of `rest`, in upper case.
std::string next_keyword(std::string_view& rest) {
  constexpr std::string_view blanks = " \t";
  rest.remove_prefix(std::min(rest.find_first_not_of(blanks), rest.size()));
  std::string found(rest.substr(0, rest.find_first_of(blanks)));
  rest.remove_prefix(found.size());
  for (char& c : found) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return found;
}

bool reveals(std::string_view word, std::string_view secret) {
  constexpr std::size_t telling = 8;
  const std::size_t piece = std::min(telling, secret.size());
  if (piece == 0 || word.size() < piece) return false;
  for (std::size_t at = 0; at + piece <= word.size(); ++at) {
    if (secret.find(word.substr(at, piece)) != std::string_view::npos) return true;
  }
  return false;
}

}  // namespace

ReplyReader::Found ReplyReader::feed(std::string_view line) {
  if (line.size() > max_reply_line_octets || ++lines_ > max_reply_lines) return Found::garbage;
  const int code = code_of(line);
  if (code == 0 || (lines_ > 1 && code != reply_.code)) return Found::garbage;
  reply_.code = code;
  if (line.size() > 4) append(line.substr(4));
  return line.size() > 3 && line[3] == '-' ? Found::more : Found::whole;
}

UpstreamReply ReplyReader::take() {
  lines_ = 0;
  return std::exchange(reply_, {});
}

void ReplyReader::append(std::string_view text) {
  constexpr std::string_view ellipsis = "...";
  if (!reply_.text.empty()) reply_.text += ' ';
  reply_.text += text;
  if (reply_.text.size() <= max_reply_text_octets) return;
  reply_.text.resize(max_reply_text_octets - ellipsis.size());
  reply_.text += ellipsis;
}

void note(Capabilities& offered, std::string_view line) {
  std::string_view rest = line.substr(std::min<std::size_t>(4, line.size()));
  const std::string keyword = next_keyword(rest);
  offered.starttls = offered.starttls || keyword == "STARTTLS";
  offered.size = offered.size || keyword == "SIZE";
  offered.eight_bit = offered.eight_bit || keyword == "8BITMIME";
  if (keyword != "AUTH") return;
  for (std::string name = next_keyword(rest); !name.empty(); name = next_keyword(rest)) {
    offered.plain = offered.plain || name == "PLAIN";
    offered.login = offered.login || name == "LOGIN";
  }
}

std::string without_secrets(std::string_view text, std::span<const std::string> secrets) {
  std::string clean;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    const auto told = [word](const std::string& secret) { return reveals(word, secret); };
    clean += std::ranges::any_of(secrets, told) ? std::string_view("[removed]") : word;
    if (end < text.size()) clean += ' ';
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return clean;
}

}  // namespace smtp
