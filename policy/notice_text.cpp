#include "policy/notice_text.hpp"

#include "policy/reply.hpp"

#include <algorithm>

namespace policy {
namespace {

constexpr std::size_t folded_line = 78;  // RFC 5322 2.1.1
constexpr std::size_t most_address = 254;
constexpr std::size_t most_subject = 150;

}  // namespace

std::string wrap(std::string_view prefix,
                 std::string_view text,
                 std::string_view indent,
                 std::size_t column) {
  std::string out(prefix);
  std::size_t line_start = 0;
  bool fresh = true;  // nothing but the prefix or the indent is on the line
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(word.size() + 1, text.size()));
    if (word.empty()) continue;
    if (!fresh && out.size() - line_start + 1 + word.size() > column) {
      out += "\r\n";
      line_start = out.size();
      out += indent;
    } else if (!fresh) {
      out += ' ';
    }
    out += word;
    fresh = false;
  }
  return out + "\r\n";
}

std::string field(std::string_view name, std::string_view value) {
  return wrap(std::string(name) + ": ", value, " ", folded_line);
}

std::string quoted_printable(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  constexpr std::size_t most = 75;  // and the = of a soft line break
  std::string out;
  std::size_t column = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.substr(i).starts_with("\r\n")) {
      out += "\r\n";
      column = 0;
      ++i;
      continue;
    }
    const auto octet = static_cast<unsigned char>(text[i]);
    const bool plain = octet >= ' ' && octet <= '~' && octet != '=';
    if (column + (plain ? 1 : 3) > most) {
      out += "=\r\n";
      column = 0;
    }
    if (plain)
      out += text[i];
    else
      out.append("=").append(1, digits[octet / 16]).append(1, digits[octet % 16]);
    column += plain ? 1 : 3;
  }
  return out;
}

std::string message_of(const Letter& letter, const LetterFrom& sender) {
  return field("From", "Mail relay <" + printable(sender.from, most_address) + ">") +
         field("To", printable(letter.to, most_address)) +
         field("Subject", printable(letter.subject, most_subject)) + field("Date", sender.date) +
         field("Message-ID", printable(sender.message_id, most_address)) +
         field("Auto-Submitted", "auto-generated") + field("MIME-Version", "1.0") +
         field("Content-Type", "text/plain; charset=us-ascii") +
         field("Content-Transfer-Encoding", "quoted-printable") + "\r\n" +
         quoted_printable(letter.text);
}

}  // namespace policy
