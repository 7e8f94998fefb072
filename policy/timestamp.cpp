#include "policy/timestamp.hpp"

#include <chrono>
#include <cstddef>

namespace policy {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;

/// Takes a text apart from its front. After the first part that is not there all is missing.
class Parts {
 public:
  explicit Parts(std::string_view text) : rest_(text) {}

  bool skip(char expected) {
    if (!rest_.starts_with(expected)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  void expect(char expected) { sound_ = skip(expected) && sound_; }

  /// A number of exactly so many digits.
  unsigned number(std::size_t digits, unsigned least, unsigned most) {
    unsigned value = 0;
    for (std::size_t i = 0; i < digits; ++i) value = value * 10 + digit();
    sound_ = sound_ && value >= least && value <= most;
    return value;
  }

  /// The digits behind a point; at least one.
  milliseconds fraction() {
    unsigned value = digit();
    std::size_t digits = 1;
    for (; !rest_.empty() && is_digit(rest_.front()); ++digits) {
      const unsigned next = digit();
      if (digits < 3) value = value * 10 + next;
    }
    for (; digits < 3; ++digits) value *= 10;
    return milliseconds(value);
  }

  [[nodiscard]] bool complete() const { return sound_ && rest_.empty(); }

 private:
  static bool is_digit(char c) { return c >= '0' && c <= '9'; }

  unsigned digit() {
    if (rest_.empty() || !is_digit(rest_.front())) {
      sound_ = false;
      return 0;
    }
    const auto value = static_cast<unsigned>(rest_.front() - '0');
    rest_.remove_prefix(1);
    return value;
  }

  std::string_view rest_;
  bool sound_ = true;
};

std::chrono::sys_days read_date(Parts& parts, bool& exists) {
  const auto year = std::chrono::year(static_cast<int>(parts.number(4, 2000, 2099)));
  parts.expect('-');
  const auto month = std::chrono::month(parts.number(2, 1, 12));
  parts.expect('-');
  const auto day = std::chrono::day(parts.number(2, 1, 31));
  const std::chrono::year_month_day date(year, month, day);
  exists = date.ok();
  return date;
}

milliseconds read_time(Parts& parts) {
  const std::chrono::hours hour(parts.number(2, 0, 23));
  parts.expect(':');
  const minutes minute(parts.number(2, 0, 59));
  parts.expect(':');
  const std::chrono::seconds second(parts.number(2, 0, 60));
  const milliseconds fraction = parts.skip('.') ? parts.fraction() : milliseconds(0);
  return hour + minute + second + fraction;
}

/// How far the zone is ahead of UTC.
minutes read_zone(Parts& parts) {
  if (parts.skip('Z')) return minutes(0);
  parts.skip(' ');
  const bool behind = parts.skip('-');
  if (!behind) parts.expect('+');
  const std::chrono::hours hours(parts.number(2, 0, 23));
  parts.skip(':');
  const minutes ahead = hours + minutes(parts.number(2, 0, 59));
  return behind ? -ahead : ahead;
}

}  // namespace

std::optional<WallTime> parse_timestamp(std::string_view text) {
  Parts parts(text);
  bool exists = false;
  const auto date = read_date(parts, exists);
  parts.expect('T');
  const milliseconds time = read_time(parts);
  const minutes zone = read_zone(parts);
  if (!exists || !parts.complete()) return std::nullopt;
  return date + time - zone;
}

}  // namespace policy
