#pragma once

#include "relay/feedback/event.hpp"
#include "relay/feedback/sqs_reader.hpp"
#include "relay/feedback/suppression_list.hpp"
#include "relay/net/clock.hpp"
#include "relay/net/coro.hpp"
#include "relay/observe/feedback_metrics.hpp"
#include "relay/observe/log.hpp"
#include "relay/spool/store.hpp"

#include <chrono>
#include <functional>
#include <string>

namespace feedback {

/// Takes each event of the upstream to the store, and what follows from it to those whom it
/// concerns. Lives on one executor.
class Booker {
 public:
  struct Parts {
    spool::Store& store;
    SuppressionList& suppressed;
    observe::FeedbackMetrics& metrics;
    observe::Log& log;
    net::Clock& clock;
    std::string relay_tag;  ///< what this store's mail brings back in `postern_relay`
    /// An event with one of our tags came: the feed works, and if `settles`, the upstream has the
    /// message. Calls back when that is committed, or was not needed, whether it settled one.
    std::function<void(
        spool::QueueId, std::string upstream_id, bool settles, std::function<void(bool)>)>
        prove;
    std::function<void()> came_back = {};  ///< a bounce or complaint was booked; may be empty
    /// An event had so many of the app's recipients suppressed; may be empty.
    std::function<void(const std::string& app, std::uint64_t addresses)> newly_suppressed = {};
    /// A message that was signed here was changed by SES; may be empty.
    std::function<void(const std::string& app, const std::string& domain)> altered = {};
  };
  static constexpr std::chrono::seconds store_answers_within{30};

  explicit Booker(Parts parts);

  /// Tells when the event is durable.
  net::asio::awaitable<Taken> take(Event event);

 private:
  net::asio::awaitable<void> prove(const Event& event);
  void follow(const Event& event, const spool::Booking& booking, const spool::Booked& booked);
  void count(const spool::Booking& booking, const spool::Booked& booked);

  Parts parts_;
};

/// What the store is to write down of an event that came `now`.
[[nodiscard]] spool::Booking booking_of(const Event& event, WallTime now);

}  // namespace feedback
