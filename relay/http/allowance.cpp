#include "relay/http/allowance.hpp"

#include <algorithm>

namespace http {

bool Allowance::take(Time now) {
  const std::chrono::duration<double> passed = now - seen_;
  left_ = std::min(burst_, left_ + passed.count() * per_second_);
  seen_ = now;
  if (left_ < 1) return false;
  left_ -= 1;
  return true;
}

}  // namespace http
