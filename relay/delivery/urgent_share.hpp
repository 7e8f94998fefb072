#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <map>
#include <string>
#include <string_view>

namespace delivery {

/// Whether a message that only claims urgency (`X-Postern-Priority: urgent`) has it: at most 20 %
/// of an app's mail, over its last 100 messages within an hour, and always up to `first_few` of
/// them, so that a small site's first reset is urgent. Mail that is urgent by a link in it is not
/// limited and counts as mail only. Bounded: 100 messages an app, `most_apps` apps (the one longest
/// silent goes). Not thread-safe.
class UrgentShare {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::size_t window_messages = 100;
  static constexpr std::chrono::hours window_length{1};
  static constexpr std::size_t first_few = 5;
  static constexpr std::size_t most_apps = 1000;

  /// Counts a message of the app that claims nothing.
  void count(std::string_view app, Time now);
  /// Counts a message that claims urgency, and says whether it has it.
  [[nodiscard]] bool grant(std::string_view app, Time now);

 private:
  struct Message {
    Time at;
    bool granted;
  };
  struct Window {
    std::deque<Message> messages;  ///< oldest first
    std::size_t granted = 0;
  };
  Window& window(std::string_view app, Time now);
  static void remember(Window& window, Time now, bool granted);

  std::map<std::string, Window, std::less<>> apps_;
};

}  // namespace delivery
