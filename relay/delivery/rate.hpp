#pragma once

#include <chrono>

namespace delivery {

/// A token bucket over recipients: SES counts recipients, and lets short bursts over its rate pass.
/// Time is an argument.
class Rate {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// `per_second` recipients (over 0), bursts up to one second's worth.
  Rate(double per_second, Time now) : per_second_(per_second), tokens_(per_second), filled_(now) {}

  /// Takes `recipients` tokens if they are there; a message larger than the bucket passes when it
  /// is full, and leaves it in debt.
  [[nodiscard]] bool take(double recipients, Time now);
  /// How long until take() of as many can succeed.
  [[nodiscard]] std::chrono::milliseconds wait(double recipients, Time now);

 private:
  void fill(Time now);
  [[nodiscard]] double capacity() const { return per_second_ > 1.0 ? per_second_ : 1.0; }
  double per_second_;
  double tokens_;
  Time filled_;
};

}  // namespace delivery
