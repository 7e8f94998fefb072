#include "relay/feedback/backoff.hpp"

#include <algorithm>

namespace feedback {

std::chrono::milliseconds Backoff::failed(std::uint32_t random) {
  const auto half = next_ / 2;
  const auto wait = half + std::chrono::milliseconds(random % (half.count() + 1));
  next_ = std::min(next_ * 2, longest_);
  return wait;
}

}  // namespace feedback
