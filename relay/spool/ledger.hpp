#pragma once

#include "relay/spool/entry.hpp"
#include "relay/spool/store.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
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
  Lane lane;
  std::uint64_t size = 0;
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
  /// The same for the writer, which has a bound of its own (see Claims).
  bool claim(QueueId id);
  void read(QueueId id, State stored);
  void release(QueueId id);
  [[nodiscard]] bool leased(QueueId id) const;

  void add(State state, const Lane& lane, AppLoad load);
  void add_held(policy::Reason reason, std::string app, std::uint64_t entries);
  void commit(const std::vector<Move>& moves);
  /// Without `oldest`, which only a reader of entries can tell.
  [[nodiscard]] Counts counts() const;
  /// What an app has queued, held or in doubt.
  [[nodiscard]] AppLoad load(std::string_view app) const;
  /// How many of its entries are held for this reason.
  [[nodiscard]] std::uint64_t held(std::string_view app, policy::Reason reason) const;
  /// The lanes that have entries stored in this state, in order.
  [[nodiscard]] std::vector<Lane> lanes(State state) const;

  /// No queued or in-doubt entry has a lower id than this. To be asked before the reading starts;
  /// one search at a time.
  [[nodiscard]] QueueId start_search();
  /// What the search found, so that the next one starts there: a later entry is older only if it
  /// came in meanwhile.
  void end_search(QueueId oldest);

 private:
  using Loads = std::array<AppLoad, 6>;  ///< indexed by State
  void count(const Move& move, const Standing& standing, bool arrives);

  const std::size_t most_leases_;
  mutable std::mutex mutex_;
  std::unordered_map<std::int64_t, std::optional<State>> leases_;  ///< with what is stored
  std::map<Lane, Loads> lanes_;  ///< those that have entries: as many as apps were ever configured
  /// By reason and app; those that have entries.
  std::map<std::pair<std::optional<policy::Reason>, std::string>, std::uint64_t> held_;
  QueueId search_from_{0};
  QueueId lowest_arrival_{0};  ///< since the search started
};

/// The leases that the writer takes for the length of one transaction, on entries that it changes
/// though nobody has leased them: without them the reader could give such an entry out after the
/// writer looked and before it commits.
class Claims {
 public:
  explicit Claims(Ledger& ledger) : ledger_(ledger) {}
  Claims(const Claims&) = delete;
  Claims& operator=(const Claims&) = delete;
  ~Claims() { release(); }

  /// False: somebody else has it.
  bool take(QueueId id);
  void release();

 private:
  Ledger& ledger_;
  std::unordered_set<std::int64_t> taken_;
};

}  // namespace spool
