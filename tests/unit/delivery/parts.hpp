#pragma once

#include "relay/net/clock.hpp"
#include "relay/observe/log.hpp"
#include "relay/observe/metrics.hpp"
#include "relay/observe/recorder.hpp"
#include "tests/unit/delivery/fake_store.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>

/// Wall time as it is, and as far ahead as it was moved; the monotonic clock stands until it is
/// moved; numbers that are random only in being different.
class HeldClock final : public net::Clock {
 public:
  [[nodiscard]] std::chrono::system_clock::time_point now() const override {
    return std::chrono::system_clock::now() + std::chrono::seconds(moved_ + jumped_);
  }
  [[nodiscard]] std::chrono::steady_clock::time_point monotonic() const override {
    return std::chrono::steady_clock::time_point(std::chrono::seconds(1'000'000 + moved_));
  }
  [[nodiscard]] std::uint32_t random() override { return next_++; }
  void move(std::chrono::seconds by) { moved_ += by.count(); }
  /// The wall clock alone is set.
  void jump(std::chrono::seconds by) { jumped_ += by.count(); }

 private:
  std::atomic<std::int64_t> moved_{0}, jumped_{0};
  std::atomic<std::uint32_t> next_{1};
};

/// What sessions and couriers share, with a log that says nothing but errors.
struct Parts {
  FakeStore store;
  HeldClock clock;
  observe::Log log{quiet()};
  observe::Metrics metrics{"0"};
  observe::Recorder recorder{log, metrics};

  static observe::LogOptions quiet() {
    observe::LogOptions options;
    options.rules.level = config::LogLevel::error;
    return options;
  }
};
