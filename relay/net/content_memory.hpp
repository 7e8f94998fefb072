#pragma once

#include "relay/net/limits.hpp"

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace net {

/// Counts the octets of unfinished messages, in all and of each app, so that one app which sends
/// many and ends none leaves room for the mail of the others. Thread-safe; locks at a message's
/// begin alone.
class ContentMemory {
  using Counter = std::atomic<std::uint64_t>;

 public:
  /// What one unfinished message takes; given back at its end.
  class Share {
   public:
    Share(Counter& all, std::shared_ptr<Counter> app) : all_(all), app_(std::move(app)) {}
    ~Share() { static_cast<void>(hold(0)); }
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;
    /// It takes so many octets now. False when that is over a bound, and the message has to end.
    [[nodiscard]] bool hold(std::uint64_t octets);

   private:
    Counter& all_;
    std::shared_ptr<Counter> app_;
    std::uint64_t held_ = 0;
  };

  [[nodiscard]] Share share_of(std::string_view app);
  /// Whether the app may begin one more message.
  [[nodiscard]] bool room_for(std::string_view app);
  [[nodiscard]] std::uint64_t octets() const { return all_; }

 private:
  [[nodiscard]] std::shared_ptr<Counter> counter_of(std::string_view app);

  Counter all_{0};
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Counter>, std::less<>> apps_;  ///< those that ever sent
};

}  // namespace net
