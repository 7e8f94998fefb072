#pragma once

#include "relay/spool/intake.hpp"
#include "relay/spool/ledger.hpp"
#include "relay/spool/sqlite_queries.hpp"
#include "relay/spool/sqlite_store.hpp"
#include "relay/spool/store.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace spool::sqlite {

/// Whose held entries are looked for; empty: any.
struct HeldBy {
  std::string domain;
  std::vector<std::string> apps;
};

/// Chooses what is given out next, reads it, and quarantines what cannot be read. The reader's.
class Leasing {
 public:
  Leasing(
      Queries& queries, Intake& intake, Ledger& ledger, const SqliteOptions& options, WallTime now)
      : queries_(queries), intake_(intake), ledger_(ledger), options_(options), now_(now) {}

  // Each as the Store's.
  std::vector<Job> due(const Wanted& wanted);
  std::vector<Job> held(policy::Reason reason, const HeldBy& whose, QueueId after);
  std::optional<WallTime> next_due();

 private:
  /// Entries of one lane, or of one state, that may be given out, in their order.
  struct Line {
    std::optional<Lane> lane;
    std::vector<QueueId> ids;
  };
  using Fits = std::function<bool(const Entry&)>;

  std::optional<Job> oldest_held(policy::Reason reason,
                                 const std::vector<HeldFor>& whose,
                                 bool urgent,
                                 QueueId after,
                                 std::size_t& left);
  std::vector<Line> lines(const Wanted& wanted);
  Line line_of(State state, const Wanted& wanted);
  std::vector<QueueId> unleased(State state, const Lane& lane, WallTime now, std::size_t most);
  std::optional<Job> lease(QueueId id, const Fits& fits);
  std::optional<Job> read(QueueId id, const Fits& fits);
  std::string damage_of(const Octets& octets, const Entry& entry) const;
  bool available(QueueId id) const { return !ledger_.leased(id) && readable_from(id) <= now_; }
  WallTime readable_from(QueueId id) const;
  void put_off(QueueId id);
  void set_aside(QueueId id, const std::string& damage);
  void note_failure();

  Queries& queries_;
  Intake& intake_;
  Ledger& ledger_;
  const SqliteOptions& options_;
  WallTime now_;                              ///< when it was last asked for what is due
  Lane last_given_;                           ///< the next turn begins after it
  std::map<std::int64_t, WallTime> put_off_;  ///< what could not be read lately, and until when
};

/// Tells the log that the spool could not be read.
void tell_unread(const Queries& queries, const SqliteOptions& options);

}  // namespace spool::sqlite
