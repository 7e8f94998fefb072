#pragma once

#include <chrono>

namespace http {

/// How often something may be done: so often a second in the long run, and `burst` times at once.
class Allowance {
 public:
  using Time = std::chrono::steady_clock::time_point;

  Allowance(double per_second, double burst)
      : per_second_(per_second), burst_(burst), left_(burst) {}

  /// Whether it may be done once more at `now`, which never goes back; counts it if so.
  [[nodiscard]] bool take(Time now);

 private:
  double per_second_, burst_, left_;
  Time seen_{};
};

}  // namespace http
