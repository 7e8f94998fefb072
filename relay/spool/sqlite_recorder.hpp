#pragma once

#include "relay/spool/intake.hpp"
#include "relay/spool/ledger.hpp"
#include "relay/spool/sqlite_connection.hpp"
#include "relay/spool/trace_key.hpp"

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace spool::sqlite {

/// What became of one statement group inside a transaction.
enum class Wrote : std::uint8_t {
  yes,
  not_applicable,  ///< nothing was written: the entry is not there, or is past changing
  item_fault,   ///< this item cannot be written (its id is taken, its page is damaged); others can
  store_fault,  ///< nothing can be written now (disk full, I/O error)
};

/// Writes accepts, changes, refusals and retention into the transaction that its caller has begun,
/// and remembers what they did to entries until the caller says whether it was committed.
class Recorder {
 public:
  Recorder(Connection& connection, std::string_view trace_secret, std::int64_t most_refusals);

  Wrote accept(const Job& job);
  Wrote change(const Change& change);
  Wrote refusal(const policy::Event& refusal);
  /// Removes a bounded number of rows that are past their retention; `more` says whether some are
  /// left.
  Wrote expire(const Retention& retention, bool& more);

  [[nodiscard]] const std::vector<Move>& moves() const noexcept { return moves_; }
  void forget_moves() noexcept { moves_.clear(); }

 private:
  struct Stored {
    Standing standing;
    std::int64_t steps = 0;
  };
  Wrote fault() const;
  Wrote standing_of(QueueId id, Stored& stored);
  bool write_event(QueueId id, std::int64_t step, const policy::Event& event);
  bool write_trace_keys(const Entry& entry);
  bool write_trace_key(QueueId id, std::string_view word);
  bool write_change(const Change& change, std::int64_t steps);
  Wrote expire_entries(State state, WallTime before, bool& more);
  Wrote expire_content(WallTime before, bool& more);

  Connection& connection_;
  TraceKey trace_key_;
  Statement insert_entry_, insert_octets_, insert_event_, insert_trace_key_;
  Statement standing_, update_entry_, close_entry_, delete_octets_;
  Statement insert_refusal_, trim_refusals_;
  Statement expired_entries_, expired_content_, delete_entry_, delete_events_, clear_envelope_;
  Statement delete_trace_keys_, delete_refusals_;
  const std::int64_t most_refusals_;
  std::int64_t last_refusal_ = 0;
  std::vector<Move> moves_;
};

}  // namespace spool::sqlite
