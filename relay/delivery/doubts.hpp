#pragma once

#include "relay/spool/entry.hpp"

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>

namespace delivery {

/// What the upstream's own events prove: that they carry our tags, and that it has a message whose
/// reply was not heard yet. Bounded by the messages under way. Thread-safe.
class Doubts {
 public:
  /// For how long one event vouches for the feed.
  static constexpr std::chrono::hours proof_holds{1};

  /// An event with one of our tags came.
  void proved(spool::WallTime at);
  [[nodiscard]] bool feed_proven(spool::WallTime now) const;

  /// The final dot of this message may go out from now on.
  void begin(spool::QueueId id);
  /// The upstream has this message; kept if it is under way here.
  void event(spool::QueueId id, std::string upstream_id);
  /// The upstream's id of a message under way, if its event has come.
  [[nodiscard]] std::optional<std::string> known(spool::QueueId id) const;
  /// It is no longer under way. Gives the same, for the last time.
  std::optional<std::string> end(spool::QueueId id);

 private:
  mutable std::mutex mutex_;
  std::optional<spool::WallTime> proved_at_;
  std::map<spool::QueueId, std::optional<std::string>> under_way_;
};

}  // namespace delivery
