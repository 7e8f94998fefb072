#include "relay/domains/spf/messages.hpp"

#include "relay/domains/spf/names.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

namespace domains::spf {
namespace {

using policy::DnsOutcome;
using policy::RecordType;
using policy::SpfResult;

constexpr std::size_t max_ip = 45;
constexpr std::size_t max_helo = 255;
constexpr std::size_t max_mail_from = 320;

constexpr std::array results{SpfResult::pass,
                             SpfResult::fail,
                             SpfResult::softfail,
                             SpfResult::neutral,
                             SpfResult::none,
                             SpfResult::perm_error,
                             SpfResult::temp_error,
                             SpfResult::unknown};
constexpr std::array outcomes{
    DnsOutcome::found, DnsOutcome::no_data, DnsOutcome::no_name, DnsOutcome::failed};
constexpr std::array asked_types{
    RecordType::txt, RecordType::a, RecordType::aaaa, RecordType::mx, RecordType::ptr};

/// An enumerator is written as its place in the table of those allowed.
template <class Enum, std::size_t n>
char place_of(const std::array<Enum, n>& allowed, Enum value) {
  return static_cast<char>(std::find(allowed.begin(), allowed.end(), value) - allowed.begin());
}

template <class Enum, std::size_t n>
std::optional<Enum> at_place(const std::array<Enum, n>& allowed, char place) {
  const auto index = static_cast<unsigned char>(place);
  if (index >= n) return std::nullopt;
  return allowed[index];
}

bool is_control(char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }

bool is_printable(char c) { return c >= ' ' && c <= '~'; }

bool is_why(std::string_view text) {
  return text.size() <= max_why && std::all_of(text.begin(), text.end(), is_printable);
}

void append(std::string& message, std::size_t number) {
  message += static_cast<char>(number >> 8U & 0xffU);
  message += static_cast<char>(number & 0xffU);
}

void append(std::string& message, std::string_view text) {
  append(message, text.size());
  message += text;
}

/// Reads from the front; after the first failure everything else fails as well.
class Reader {
 public:
  explicit Reader(std::string_view octets) : left_(octets) {}

  /// The next octet; NUL when there is none.
  char octet() {
    const std::string_view taken = take(1);
    return taken.empty() ? '\0' : taken.front();
  }
  std::size_t number() {
    const std::string_view taken = take(2);
    if (taken.empty()) return 0;
    return std::size_t{static_cast<unsigned char>(taken[0])} << 8U |
           static_cast<unsigned char>(taken[1]);
  }
  std::string text() { return std::string(take(number())); }
  [[nodiscard]] bool failed() const noexcept { return failed_; }
  /// Everything was there, and nothing is left.
  [[nodiscard]] bool done() const noexcept { return !failed_ && left_.empty(); }

 private:
  std::string_view take(std::size_t size) {
    failed_ = failed_ || size > left_.size();
    if (failed_) return {};
    const std::string_view taken = left_.substr(0, size);
    left_.remove_prefix(size);
    return taken;
  }

  std::string_view left_;
  bool failed_ = false;
};

struct Writer {
  std::string operator()(const Ready&) const { return "R"; }
  std::string operator()(const Unconfined& message) const {
    std::string octets = "N";
    append(octets, printable(message.why));
    return octets;
  }
  std::string operator()(const policy::DnsQuestion& question) const {
    std::string octets = "L";
    octets += place_of(asked_types, question.type);
    append(octets, question.name);
    return octets;
  }
  std::string operator()(const policy::SpfVerdict& verdict) const {
    std::string octets = "V";
    octets += place_of(results, verdict.result);
    append(octets, printable(verdict.why));
    return octets;
  }
};

std::optional<FromChild> read_unconfined(Reader reader) {
  Unconfined message;
  message.why = reader.text();
  if (!reader.done() || !is_why(message.why)) return std::nullopt;
  return message;
}

std::optional<FromChild> read_lookup(Reader reader) {
  const auto type = at_place(asked_types, reader.octet());
  policy::DnsQuestion question;
  question.name = reader.text();
  if (!type || !reader.done() || !is_askable(question.name)) return std::nullopt;
  question.type = *type;
  return question;
}

std::optional<FromChild> read_verdict(Reader reader) {
  const auto result = at_place(results, reader.octet());
  policy::SpfVerdict verdict;
  verdict.why = reader.text();
  if (!result || !reader.done() || !is_why(verdict.why)) return std::nullopt;
  verdict.result = *result;
  return verdict;
}

bool is_sound(const SpfQuestion& question) {
  const auto clean = [](std::string_view text, std::size_t limit) {
    return text.size() <= limit && std::none_of(text.begin(), text.end(), is_control);
  };
  return clean(question.ip, max_ip) && clean(question.helo, max_helo) &&
         clean(question.mail_from, max_mail_from);
}

}  // namespace

std::string encode(const FromChild& message) { return std::visit(Writer{}, message); }

std::optional<FromChild> decode_from_child(std::string_view octets) {
  if (octets.size() > max_from_child) return std::nullopt;
  Reader reader(octets);
  switch (reader.octet()) {
    case 'R':
      if (!reader.done()) return std::nullopt;
      return Ready{};
    case 'N':
      return read_unconfined(reader);
    case 'L':
      return read_lookup(reader);
    case 'V':
      return read_verdict(reader);
    default:
      return std::nullopt;
  }
}

std::optional<std::string> encode(const SpfQuestion& question) {
  if (!is_sound(question)) return std::nullopt;
  std::string octets = "Q";
  append(octets, question.ip);
  append(octets, question.helo);
  append(octets, question.mail_from);
  return octets;
}

std::optional<SpfQuestion> decode_question(std::string_view octets) {
  Reader reader(octets);
  if (reader.octet() != 'Q') return std::nullopt;
  SpfQuestion question;
  question.ip = reader.text();
  question.helo = reader.text();
  question.mail_from = reader.text();
  if (!reader.done() || !is_sound(question)) return std::nullopt;
  return question;
}

std::optional<std::string> encode(const policy::DnsAnswer& answer) {
  std::string octets = "A";
  octets += place_of(outcomes, answer.outcome);
  if (answer.records.size() > 0xffff) return std::nullopt;
  append(octets, answer.records.size());
  for (const policy::DnsRecord& record : answer.records) {
    if (octets.size() + 2 + record.text.size() > max_to_child || record.text.size() > 0xffff)
      return std::nullopt;
    append(octets, record.text);
  }
  return octets;
}

std::optional<policy::DnsAnswer> decode_answer(std::string_view octets) {
  if (octets.size() > max_to_child) return std::nullopt;
  Reader reader(octets);
  if (reader.octet() != 'A') return std::nullopt;
  const auto outcome = at_place(outcomes, reader.octet());
  policy::DnsAnswer answer;
  for (std::size_t left = reader.number(); left > 0 && !reader.failed(); --left)
    answer.records.emplace_back().text = reader.text();
  if (!outcome || !reader.done()) return std::nullopt;
  answer.outcome = *outcome;
  return answer;
}

std::string printable(std::string_view text) {
  std::string clean(text.substr(0, max_why));
  std::replace_if(
      clean.begin(), clean.end(), [](char c) { return !is_printable(c); }, '?');
  return clean;
}

}  // namespace domains::spf
