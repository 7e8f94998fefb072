#pragma once

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace observe {

/// What became of what a feed brought that is not an event of a message of ours.
enum class Discarded : std::uint8_t {
  foreign,      ///< of a message that this store does not know
  other_relay,  ///< of another relay's: given back
  setup,        ///< the upstream says that the feed is connected
  unreadable,
  unverified,  ///< a post that SNS did not sign, or not for our topic
};

/// Counters and gauges of what the upstream tells of messages later. Thread-safe; called seldom
/// enough that each call may build its labels. Label values are names of the configuration and
/// words of closed sets, as the caller sees to.
class FeedbackMetrics {
 public:
  explicit FeedbackMetrics(prometheus::Registry& registry);

  void declare(std::string_view app);
  /// `family` is one of events_total, bounces_total, complaints_total; `labels` in the list's
  /// order.
  void count(std::string_view family, std::span<const std::string> labels, std::uint64_t by);
  /// The same of what was counted before a restart; what this version does not count is passed
  /// over.
  void restore(std::string_view family, std::span<const std::string> labels, std::uint64_t by);
  void discarded(Discarded what);
  void last_event(std::chrono::system_clock::time_point at);
  void suppressed(std::size_t addresses);
  void ratios(std::string_view app, double bounces, double complaints);
  void signature_altered();

 private:
  prometheus::Registry& registry_;
  prometheus::Family<prometheus::Counter>& discarded_;
  prometheus::Gauge& last_event_;
  prometheus::Gauge& suppressed_;
  prometheus::Family<prometheus::Gauge>& bounce_ratio_;
  prometheus::Family<prometheus::Gauge>& complaint_ratio_;
  prometheus::Counter& signature_altered_;
};

}  // namespace observe
