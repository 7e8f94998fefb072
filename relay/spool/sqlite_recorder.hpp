#pragma once

#include "relay/spool/intake.hpp"
#include "relay/spool/ledger.hpp"
#include "relay/spool/sqlite_connection.hpp"
#include "relay/spool/trace_key.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
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

/// Which of the two the connection's last failure is.
[[nodiscard]] Wrote fault(const Connection& connection);

/// Writes accepts, changes and notes into the transaction that its caller has begun, and
/// remembers what they did to entries until the caller says whether it was committed.
class Recorder {
 public:
  Recorder(Connection& connection, std::string_view trace_secret);

  Wrote accept(const Job& job);
  /// Writes down that the entry came once more; not applicable if it is gone or has failed.
  Wrote repeated(QueueId id, WallTime at);
  Wrote change(const Change& change);
  /// Appends to the timeline; not applicable if the entry is gone.
  Wrote tell(QueueId id, const policy::Event& event);
  bool note(const std::string& name, const std::string& value);

  [[nodiscard]] std::vector<Move>& moves() noexcept { return moves_; }

 private:
  struct Stored {
    Standing standing;
    std::int64_t steps = 0;
    Lane lane;
    std::uint64_t size = 0;
    std::optional<WallTime> held_since;
    std::chrono::milliseconds held{0};
  };
  Wrote fault() const { return sqlite::fault(connection_); }
  Wrote standing_of(QueueId id, Stored& stored);
  Wrote append(QueueId id, std::int64_t step, const policy::Event& event);
  bool write_event(QueueId id, std::int64_t step, const policy::Event& event);
  bool write_events(QueueId id, const std::vector<policy::Event>& events);
  bool write_trace_keys(const Job& job);
  bool write_trace_key(QueueId id, std::string_view word);
  bool write_change(const Change& change, const Stored& stored);

  Connection& connection_;
  TraceKey trace_key_;
  Statement insert_entry_, insert_octets_, insert_event_, insert_trace_key_;
  Statement standing_, update_entry_, close_entry_, update_steps_, delete_octets_;
  Statement keep_note_;
  std::vector<Move> moves_;
};

}  // namespace spool::sqlite
