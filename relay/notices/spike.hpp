#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace notices {

/// Sees when an app's recipients are suppressed much faster than they were: at least `least` within
/// the running hour, and over `times` the mean of the 23 hours before it. Told once an hour and
/// app. Bounded by most_apps; not thread-safe.
class Spikes {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::uint64_t least = 20;
  static constexpr std::uint64_t times = 5;
  static constexpr std::size_t most_apps = 10'000;  ///< of those beyond nothing is known

  /// So many were suppressed now; how many in this hour, if that is a spike nobody was told of.
  [[nodiscard]] std::uint64_t count(std::string_view app, std::uint64_t suppressed, Time now);

 private:
  static constexpr std::size_t hours = 24;
  struct Day {
    std::array<std::uint64_t, hours> by_hour{};
    std::int64_t hour = 0;  ///< the running one
    bool told = false;      ///< of the running hour
  };
  std::map<std::string, Day, std::less<>> days_;
};

}  // namespace notices
