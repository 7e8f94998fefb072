#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

namespace net {

/// Counts connections that failed to log in, by user name and address: Symfony tries two mechanisms
/// on one connection, so attempts are not what counts. Thread-safe; remembers at most
/// limits::guarded_pairs, forgetting the oldest.
class AuthGuard {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// True while this pair has too many failed connections: its password is not even looked at.
  [[nodiscard]] bool locked(std::string_view user, std::string_view address, Time now) const;
  /// One more connection of this pair failed (call once per connection).
  void failed(std::string_view user, std::string_view address, Time now);

 private:
  struct Failures {
    Time since{};
    std::size_t connections = 0;
  };
  using Pair = std::pair<std::string, std::string>;
  void forget_oldest();

  mutable std::mutex mutex_;
  std::map<Pair, Failures> failures_;
};

}  // namespace net
