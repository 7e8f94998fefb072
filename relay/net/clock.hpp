#pragma once

#include <chrono>
#include <cstdint>

namespace net {

/// Time and randomness, as the rest of the shell gets them (one of the four seams). Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual std::chrono::system_clock::time_point now() const = 0;
  [[nodiscard]] virtual std::chrono::steady_clock::time_point monotonic() const = 0;
  [[nodiscard]] virtual std::uint32_t random() = 0;
};

}  // namespace net
