#pragma once

#include "relay/spool/store.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <set>

namespace delivery {

/// How much may be in delivery's hands.
struct LaneBounds {
  std::size_t jobs = 1000;  ///< in all that sessions hand over; twice as many with the store's
  std::uint64_t octets = 16ULL << 20U;
  std::size_t jobs_per_lane = 500;
  std::uint64_t octets_per_lane = 8ULL << 20U;
};

/// Counts what is in delivery's hands, by lane, and knows which lanes have more in the store: new
/// mail of those queues behind it there. Thread-safe.
class Lanes {
 public:
  explicit Lanes(LaneBounds bounds = {}) : bounds_(bounds) {}

  /// Room for one more message that is not in the store yet? Else its lane is behind.
  [[nodiscard]] bool reserve(const spool::Lane& lane, std::uint64_t octets);
  /// Takes in what the store gave out, over the bounds too.
  void add(const spool::Lane& lane, std::uint64_t octets);
  void remove(const spool::Lane& lane, std::uint64_t octets);

  /// The store has, or will have, more of this lane.
  void behind(const spool::Lane& lane);
  /// Those that are, `full` left out; they count as no longer behind until behind() says so again.
  [[nodiscard]] std::set<spool::Lane> take_behind(const std::set<spool::Lane>& full);
  [[nodiscard]] bool any_behind(const std::set<spool::Lane>& full) const;

  /// Those with anything in memory.
  [[nodiscard]] std::set<spool::Lane> in_memory() const;
  [[nodiscard]] std::size_t jobs() const;
  [[nodiscard]] std::uint64_t octets() const;
  [[nodiscard]] const LaneBounds& bounds() const noexcept { return bounds_; }

 private:
  void count(const spool::Lane& lane, std::uint64_t octets);

  const LaneBounds bounds_;
  mutable std::mutex mutex_;
  std::size_t jobs_ = 0;
  std::uint64_t octets_ = 0;
  struct Held {
    std::size_t jobs = 0;
    std::uint64_t octets = 0;
  };
  std::map<spool::Lane, Held> by_lane_;
  std::set<spool::Lane> behind_;
};

}  // namespace delivery
