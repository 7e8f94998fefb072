#include "policy/reply.hpp"

#include <algorithm>

namespace policy {
namespace {

constexpr std::size_t max_reply_line_octets = 299;  // with CRLF: under 300

constexpr bool printable_ascii(char c) noexcept { return c >= ' ' && c <= '~'; }
constexpr bool utf8_continuation(char c) noexcept {
  return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

std::string coded(Status status, std::string_view text) {
  return std::to_string(status.code / 100) + '.' + std::to_string(status.subject) + '.' +
         std::to_string(status.detail) + ' ' + std::string(text);
}

std::string two_digits(unsigned number) {
  return (number < 10 ? "0" : "") + std::to_string(number);
}

/// Room for the text of a line `250 text CRLF`.
constexpr std::size_t max_text_octets = max_reply_line_octets - 4 - 2;

}  // namespace

std::string printable(std::string_view text, std::size_t most) {
  std::string out;
  for (std::size_t i = 0; i < text.size() && out.size() <= most; ++i) {
    const bool rest_of_a_character =
        i > 0 && utf8_continuation(text[i]) && !printable_ascii(text[i - 1]);
    if (rest_of_a_character) continue;
    out.push_back(printable_ascii(text[i]) ? text[i] : '?');
  }
  if (out.size() > most) {
    out.resize(most);
    if (most > 3) out.replace(most - 3, 3, "...");
  }
  return out;
}

std::string minute_of(std::chrono::system_clock::time_point at) {
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(std::chrono::floor<std::chrono::minutes>(at - day));
  return std::to_string(static_cast<int>(date.year())) + '-' +
         two_digits(static_cast<unsigned>(date.month())) + '-' +
         two_digits(static_cast<unsigned>(date.day())) + ' ' +
         two_digits(static_cast<unsigned>(time.hours().count())) + ':' +
         two_digits(static_cast<unsigned>(time.minutes().count())) + " UTC";
}

Reply::Reply(Status status, std::string_view text)
    : code_(status.code), lines_{printable(coded(status, text), max_text_octets)} {}

Reply Reply::plain(int code, std::vector<std::string> lines) {
  for (std::string& line : lines) line = printable(line, max_text_octets);
  return {code, std::move(lines)};
}

std::string Reply::wire() const {
  std::string out;
  for (std::size_t i = 0; i < lines_.size(); ++i) {
    out += std::to_string(code_);
    out += i + 1 < lines_.size() ? '-' : ' ';
    out += lines_[i];
    out += "\r\n";
  }
  return out;
}

Reply reply_to(const Refusal& refusal, std::string_view reference) {
  const ReasonRow& reason = row(refusal.reason);
  const Status status = refusal.status.value_or(reason.status.value_or(Status{550, 0, 0}));
  std::string tail;
  if (!reference.empty()) tail += " (" + printable(reference) + ')';
  tail += " [" + std::string(reason.word) + ']';
  const std::size_t taken = coded(status, "").size() + tail.size();
  return {status, printable(refusal.sentence, max_text_octets - taken) + tail};
}

}  // namespace policy
