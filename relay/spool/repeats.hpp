#pragma once

#include "relay/spool/entry.hpp"

#include <cstddef>
#include <deque>
#include <optional>
#include <unordered_map>
#include <utility>

namespace spool {

/// Which messages were accepted lately, by their fingerprint: a bounded number, the oldest are
/// forgotten. What a transaction adds counts inside it at once and afterwards only if it was
/// committed. Used by one thread.
class Repeats {
 public:
  explicit Repeats(std::size_t most = 65'536) : most_(most) {}

  /// The message that this one may repeat: its caller looks whether it has failed meanwhile.
  [[nodiscard]] std::optional<QueueId> find(const Repeat& repeat) const;
  void stage(const Fingerprint& key, QueueId id, WallTime accepted_at);
  void commit();
  void forget_staged() noexcept { staged_.clear(); }

 private:
  struct Taken {
    QueueId id;
    WallTime accepted_at;
  };
  /// Fingerprints are evenly spread already.
  struct Hash {
    std::size_t operator()(const Fingerprint& key) const noexcept;
  };
  using Map = std::unordered_map<Fingerprint, Taken, Hash>;

  const std::size_t most_;
  Map taken_, staged_;
  std::deque<std::pair<Fingerprint, QueueId>> order_;  ///< of all in `taken_`, oldest first
};

}  // namespace spool
