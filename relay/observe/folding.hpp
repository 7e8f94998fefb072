#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace observe {

/// Lines that were left out because they repeated one.
struct Repeated {
  std::string key;
  std::uint64_t count = 0;
};

/// Finds lines that repeat one within a window. Pure: the time is an argument. Bounded: when `most`
/// windows are open, lines of further keys are all first ones.
class Folding {
 public:
  using Time = std::chrono::system_clock::time_point;

  explicit Folding(std::chrono::seconds window, std::size_t most = 256)
      : window_(window), most_(most) {}

  /// True: the line is to be written. False: it repeats one, and was counted.
  [[nodiscard]] bool first(const std::string& key, Time now);

  /// Ends the windows that are over (all with `all`), and gives those in which lines were left out.
  [[nodiscard]] std::vector<Repeated> end_windows(Time now, bool all = false);

  /// When the next window is over; nothing if none is open.
  [[nodiscard]] std::optional<Time> next_end() const;

 private:
  struct Window {
    Time begin;
    std::uint64_t left_out = 0;
  };
  [[nodiscard]] bool over(const Window& window, Time now) const;

  std::chrono::seconds window_;
  std::size_t most_;
  std::map<std::string, Window> open_;
};

}  // namespace observe
