#pragma once

#include "relay/net/clock.hpp"

namespace app {

/// The machine's clocks, and randomness from the kernel by OpenSSL.
class SystemClock final : public net::Clock {
 public:
  [[nodiscard]] std::chrono::system_clock::time_point now() const override;
  [[nodiscard]] std::chrono::steady_clock::time_point monotonic() const override;
  [[nodiscard]] std::uint32_t random() override;
};

}  // namespace app
