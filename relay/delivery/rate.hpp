#pragma once

#include <chrono>

namespace delivery {

/// A token bucket over recipients: SES counts recipients, and lets short bursts over its rate pass. Time is an argument.
class Rate {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// `per_second` recipients, bursts up to one second's worth (at least one message of any size passes when full).
  Rate(double per_second, Time now) : per_second_(per_second), tokens_(per_second), filled_(now) {}

  /// Takes `recipients` tokens if the bucket is not in debt; a large message may leave it in debt.
  [[nodiscard]] bool take(double recipients, Time now);
  /// How long until take() can succeed.
  [[nodiscard]] std::chrono::milliseconds wait(Time now);

 private:
  void fill(Time now);
  double per_second_;
  double tokens_;
  Time filled_;
};

}  // namespace delivery
