#pragma once

#include "relay/notices/alert.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

namespace notices {

/// An alert that is told, and how many of the same topic were not since the last that was.
struct ToldAlert {
  Alert alert;
  std::uint64_t more = 0;
};

/// Tells an alert at once, but of a topic (kind, app and what it is about) one an hour, and
/// most_an_hour of all topics: the last one that had to wait is told when its time has come.
/// Bounded; not thread-safe.
class AlertFold {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::hours quiet{1};
  static constexpr std::size_t most_an_hour = 60;
  static constexpr std::size_t most_topics = 1000;  ///< those beyond, if all wait, are left out

  /// The alert, unless it has to wait.
  [[nodiscard]] std::optional<ToldAlert> take(Alert alert, Time now);
  /// Those that waited until now.
  [[nodiscard]] std::vector<ToldAlert> due(Time now);

 private:
  using Key = std::tuple<AlertKind, std::string, std::string>;
  struct Topic {
    std::optional<Time> told;
    std::optional<Alert> waiting;  ///< the last one
    std::uint64_t more = 0;        ///< those before it
  };
  [[nodiscard]] bool may_tell(const Topic& topic, Time now);
  [[nodiscard]] ToldAlert tell(Topic& topic, Time now);
  void forget(Time now);

  std::map<Key, Topic> topics_;
  std::deque<Time> told_;  ///< within the last hour
};

}  // namespace notices
