#include "relay/app/system_clock.hpp"

#include <random>

namespace app {

std::chrono::system_clock::time_point SystemClock::now() const {
  return std::chrono::system_clock::now();
}

std::chrono::steady_clock::time_point SystemClock::monotonic() const {
  return std::chrono::steady_clock::now();
}

std::uint32_t SystemClock::random() {
  thread_local std::random_device device;
  return device();
}

}  // namespace app
