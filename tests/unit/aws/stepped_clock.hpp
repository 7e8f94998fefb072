#pragma once

#include "relay/net/clock.hpp"

#include <chrono>
#include <cstdint>

/// Real time, moved ahead at will.
class SteppedClock : public net::Clock {
 public:
  [[nodiscard]] std::chrono::system_clock::time_point now() const override {
    return std::chrono::system_clock::now() + ahead_;
  }
  [[nodiscard]] std::chrono::steady_clock::time_point monotonic() const override {
    return std::chrono::steady_clock::now() + ahead_;
  }
  std::uint32_t random() override { return 4; }
  void step(std::chrono::seconds by) { ahead_ += by; }

 private:
  std::chrono::seconds ahead_{0};
};
