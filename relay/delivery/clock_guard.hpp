#pragma once

#include <chrono>
#include <optional>

namespace delivery {

/// Notices when the wall clock jumps: it is looked at now and then beside the monotonic clock, and
/// when they part by over 60 s between two looks nothing that depends on the time of day may
/// expire, be revoked or blocked for ten minutes. Any two clock readings are safe. Not thread-safe.
class ClockGuard {
 public:
  using Wall = std::chrono::system_clock::time_point;
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::seconds tolerance{60};
  static constexpr std::chrono::minutes pause{10};

  /// Gives by how much the wall clock jumped since the last look, negative when back; nothing if it
  /// did not.
  std::optional<std::chrono::seconds> look(Wall wall, Time monotonic);

  /// False for ten minutes from the last jump.
  [[nodiscard]] bool steady(Time now) const;

 private:
  struct Readings {
    Wall wall;
    Time monotonic;
  };
  std::optional<Readings> last_;
  std::optional<Time> jumped_;
};

}  // namespace delivery
