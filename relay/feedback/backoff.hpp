#pragma once

#include <chrono>
#include <cstdint>

namespace feedback {

/// How long to wait after failures in a row: doubling from `first` to `longest`, of each a random
/// part between a half and all, so that readers that failed together do not come back together.
class Backoff {
 public:
  explicit Backoff(std::chrono::milliseconds first = std::chrono::seconds(1),
                   std::chrono::milliseconds longest = std::chrono::seconds(60))
      : first_(first), longest_(longest), next_(first) {}

  /// After one more failure. Any number is random enough that differs between readers.
  std::chrono::milliseconds failed(std::uint32_t random);
  void succeeded() { next_ = first_; }

 private:
  std::chrono::milliseconds first_, longest_, next_;
};

}  // namespace feedback
