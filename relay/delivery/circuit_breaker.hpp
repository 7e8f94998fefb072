#pragma once

#include <chrono>
#include <cstdint>

namespace delivery {

/// Keeps away for a while from an upstream that cannot be reached (no connection, TLS or greeting),
/// so that the next of the list is used. Guards new connections; those that are open go on. A
/// failure opens it for 1 s, doubling up to 60 s, spread by a quarter; then one connection tries,
/// and closes or opens it. Not thread-safe.
class CircuitBreaker {
 public:
  using Time = std::chrono::steady_clock::time_point;
  enum class State : std::uint8_t { closed, open, half_open };

  /// Whether a connection may be opened now. When half open it says so once: that one is the trial,
  /// which must be told of; after 2 min without word another one may try.
  [[nodiscard]] bool admit(Time now);
  /// A connection that began then could not be had. Those that fail together count once.
  void failed(Time began, Time now, std::uint32_t random);
  void succeeded();  ///< a connection was had

  [[nodiscard]] State state(Time now) const;
  /// When admit() says yes again; the past while it does.
  [[nodiscard]] Time retry_at() const { return until_; }

 private:
  Time opened_{};
  Time until_{};                        ///< when the next connection may try
  std::chrono::milliseconds pause_{0};  ///< 0: closed
  bool trying_ = false;
};

}  // namespace delivery
