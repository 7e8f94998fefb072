#pragma once

#include "relay/spool/entry.hpp"
#include "relay/spool/store.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

namespace spool {

/// Where an entry stands on disk: `in_delivery` is never stored.
struct Standing {
  State state = State::queued;
  std::optional<policy::Reason> reason;
};

/// What a committed transaction did to an entry.
struct Move {
  QueueId id;
  std::optional<Standing> from, to;  ///< none: was not there; is not there any more
};

/// What the store keeps in memory about its entries: who is leased, and how many stand where.
/// Leases need not outlive the process, because one process owns the store. Thread-safe.
class Ledger {
 public:
  explicit Ledger(std::size_t most_leases) : most_leases_(most_leases) {}

  /// Gives the entry out; false if it is leased already or the bound is reached. Nothing is known
  /// of it until a commit or read() says how it is stored.
  bool lease(QueueId id);
  void read(QueueId id, State stored);
  void release(QueueId id);
  [[nodiscard]] bool leased(QueueId id) const;

  void load(State state, std::uint64_t entries);
  void load_held(std::optional<policy::Reason> reason, std::uint64_t entries);
  void commit(const std::vector<Move>& moves);
  [[nodiscard]] Counts counts()
      const;  ///< without `oldest`, which only a reader of entries can tell

  /// No queued or in-doubt entry has a lower id than this. To be asked before the reading starts;
  /// one search at a time.
  [[nodiscard]] QueueId start_search();
  /// What the search found, so that the next one starts there: a later entry is older only if it
  /// came in meanwhile.
  void end_search(QueueId oldest);

 private:
  void count(const Standing& standing, std::uint64_t by);

  const std::size_t most_leases_;
  mutable std::mutex mutex_;
  std::unordered_map<std::int64_t, std::optional<State>> leases_;  ///< with what is stored
  std::array<std::uint64_t, 6> stored_{};
  std::map<std::optional<policy::Reason>, std::uint64_t> held_;
  QueueId search_from_{0};
  QueueId lowest_arrival_{0};  ///< since the search started
};

}  // namespace spool
