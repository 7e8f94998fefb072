#include "relay/spool/suppression_record.hpp"

#include "relay/spool/sqlite_values.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <vector>

namespace spool {
namespace {

constexpr std::chrono::days remembered_alone{45};  // strikes, removals: events come late

/// All of the record but its cause, in the order of the struct.
std::vector<std::int64_t> numbers_of(const policy::Suppression& record) {
  std::vector<std::int64_t> numbers{sqlite::to_milliseconds(record.since),
                                    sqlite::to_milliseconds(record.until),
                                    record.times,
                                    sqlite::to_milliseconds(record.failed_at),
                                    sqlite::to_milliseconds(record.served_at)};
  for (const WallTime strike : record.strikes) numbers.push_back(sqlite::to_milliseconds(strike));
  numbers.push_back(record.soft_day);
  numbers.push_back(record.soft_days);
  numbers.push_back(sqlite::to_milliseconds(record.delivered_at));
  numbers.push_back(sqlite::to_milliseconds(record.removed_at));
  return numbers;
}

std::optional<std::vector<std::int64_t>> read_numbers(std::string_view text) {
  std::vector<std::int64_t> numbers;
  while (text.starts_with(' ')) {
    text.remove_prefix(1);
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc()) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    numbers.push_back(number);
  }
  return text.empty() ? std::optional(std::move(numbers)) : std::nullopt;
}

}  // namespace

std::string encode(const policy::Suppression& record) {
  std::string text(policy::word(record.cause));
  for (const std::int64_t number : numbers_of(record)) text += ' ' + std::to_string(number);
  return text;
}

std::optional<policy::Suppression> decode_suppression(std::string_view text) {
  policy::Suppression record;
  const auto end = std::min(text.find(' '), text.size());
  const auto cause = policy::suppression_cause_of(text.substr(0, end));
  const auto numbers = read_numbers(text.substr(end));
  if (!cause || !numbers || numbers->size() != numbers_of(record).size()) return std::nullopt;
  auto next = numbers->begin();
  const auto time = [&next] { return sqlite::from_milliseconds(*next++); };
  record.cause = *cause;
  record.since = time();
  record.until = time();
  record.times = static_cast<std::uint32_t>(*next++);
  record.failed_at = time();
  record.served_at = time();
  for (WallTime& strike : record.strikes) strike = time();
  record.soft_day = static_cast<std::int32_t>(*next++);
  record.soft_days = static_cast<std::uint32_t>(*next++);
  record.delivered_at = time();
  record.removed_at = time();
  return record;
}

WallTime forget_at(const policy::Suppression& record) {
  const WallTime soft = std::chrono::sys_days(std::chrono::days(record.soft_day + 1));
  const auto last =
      std::max({record.until, soft, std::ranges::max(record.strikes), record.removed_at});
  return last + (record.times > 0 ? policy::longest_suppression_time : remembered_alone);
}

}  // namespace spool
