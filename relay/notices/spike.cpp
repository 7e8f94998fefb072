#include "relay/notices/spike.hpp"

#include <numeric>

namespace notices {

std::uint64_t Spikes::count(std::string_view app, std::uint64_t suppressed, Time now) {
  const std::int64_t hour = std::chrono::floor<std::chrono::hours>(now.time_since_epoch()).count();
  auto found = days_.find(app);
  if (found == days_.end()) {
    if (days_.size() >= most_apps)
      std::erase_if(days_, [hour](const auto& each) {
        return hour - each.second.hour >= static_cast<std::int64_t>(hours);
      });
    if (days_.size() >= most_apps) return 0;
    found = days_.try_emplace(std::string(app)).first;
    found->second.hour = hour;
  }
  Day& day = found->second;
  for (std::size_t passed = 0; day.hour < hour && passed < hours; ++passed) {
    ++day.hour;
    day.by_hour[static_cast<std::size_t>(day.hour) % hours] = 0;
    day.told = false;
  }
  day.hour = hour;
  std::uint64_t& running = day.by_hour[static_cast<std::size_t>(hour) % hours];
  running += suppressed;
  const auto before =
      std::accumulate(day.by_hour.begin(), day.by_hour.end(), std::uint64_t{0}) - running;
  if (day.told || running < least || running * (hours - 1) <= times * before) return 0;
  day.told = true;
  return running;
}

}  // namespace notices
