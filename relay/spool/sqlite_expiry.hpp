#pragma once

#include "relay/spool/intake.hpp"
#include "relay/spool/ledger.hpp"
#include "relay/spool/sqlite_connection.hpp"
#include "relay/spool/sqlite_recorder.hpp"

#include <cstdint>
#include <set>
#include <vector>

namespace spool::sqlite {

/// Removes what is past its retention inside the transaction that its caller has begun, a bounded
/// number of rows each time.
class Expiry {
 public:
  Expiry(Connection& connection, const Ledger& ledger);

  /// `crowded`: the file is over its size, so the oldest finished entries go whatever their age.
  /// `more` says whether there is anything left to remove. What goes is appended to `moves`. After
  /// an item fault `more` says whether the next run leaves out what this one stopped at.
  Wrote run(const Retention& retention, bool crowded, std::vector<Move>& moves, bool& more);

 private:
  struct Finished {
    Move removal;
    std::int64_t ended;  ///< Unix milliseconds
  };
  Wrote remove_finished(WallTime before, std::vector<Move>& moves, bool& more);
  Wrote finished_of(State state,
                    const Lane& lane,
                    std::int64_t before,
                    std::vector<Finished>& found);
  bool remove(std::int64_t id);
  Wrote left_alone(std::int64_t id, std::set<std::int64_t>& known, bool& more);
  std::int64_t beyond_damaged(std::int64_t rows) const;
  Wrote remove_content(WallTime before, bool& more);
  Wrote remove_feedback(const Retention& retention, bool& more);
  Wrote remove_old(Statement& remove, std::int64_t before, bool& more);
  Wrote fault() const { return sqlite::fault(connection_); }

  Connection& connection_;
  std::set<std::int64_t> damaged_;  ///< rows that could not be removed: left alone, a few at most
  std::set<std::int64_t> kept_envelopes_;  ///< of these, those that could not even be changed
  const Ledger& ledger_;
  Statement finished_, failed_content_, delete_entry_, delete_events_, delete_octets_;
  Statement clear_envelope_, delete_trace_keys_, delete_refusals_, delete_audit_;
  Statement delete_booked_, delete_reached_, delete_cohorts_, delete_suppressions_;
};

}  // namespace spool::sqlite
