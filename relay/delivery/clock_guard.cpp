#include "relay/delivery/clock_guard.hpp"

#include <cstdint>
#include <limits>
#include <utility>

namespace delivery {
namespace {

using std::chrono::nanoseconds;

/// later - earlier, at the ends of the range instead of beyond.
template <class Time>
std::int64_t elapsed(Time later, Time earlier) {
  const std::int64_t a = nanoseconds(later.time_since_epoch()).count();
  const std::int64_t b = nanoseconds(earlier.time_since_epoch()).count();
  std::int64_t difference = 0;
  if (!__builtin_sub_overflow(a, b, &difference)) return difference;
  return a < b ? std::numeric_limits<std::int64_t>::min()
               : std::numeric_limits<std::int64_t>::max();
}

}  // namespace

std::optional<std::chrono::seconds> ClockGuard::look(Wall wall, Time monotonic) {
  const auto before = std::exchange(last_, Readings{wall, monotonic});
  if (!before) return std::nullopt;
  const Time by_wall{nanoseconds(elapsed(wall, before->wall))};
  const Time by_monotonic{nanoseconds(elapsed(monotonic, before->monotonic))};
  const nanoseconds apart{elapsed(by_wall, by_monotonic)};
  if (apart >= -tolerance && apart <= tolerance) return std::nullopt;
  jumped_ = monotonic;
  return std::chrono::duration_cast<std::chrono::seconds>(apart);
}

bool ClockGuard::steady(Time now) const {
  return !jumped_ || elapsed(now, *jumped_) >= nanoseconds(pause).count();
}

}  // namespace delivery
