#include "relay/delivery/rate.hpp"

#include <algorithm>
#include <cmath>

namespace delivery {

void Rate::fill(Time now) {
  if (now <= filled_) return;
  const double seconds = std::chrono::duration<double>(now - filled_).count();
  tokens_ = std::min(capacity(), tokens_ + seconds * per_second_);
  filled_ = now;
}

bool Rate::take(double recipients, Time now) {
  fill(now);
  const double needed = std::min(recipients, capacity());
  if (tokens_ + 1e-9 < needed) return false;
  tokens_ -= recipients;
  return true;
}

std::chrono::milliseconds Rate::wait(double recipients, Time now) {
  fill(now);
  const double missing = std::max(0.0, std::min(recipients, capacity()) - tokens_);
  return std::chrono::milliseconds(
      static_cast<std::int64_t>(std::ceil(missing / per_second_ * 1000.0)) + 1);
}

}  // namespace delivery
