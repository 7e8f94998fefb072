#pragma once

#include "relay/spool/intake.hpp"
#include "relay/spool/ledger.hpp"
#include "relay/spool/sqlite_connection.hpp"
#include "relay/spool/store.hpp"
#include "relay/spool/trace_key.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace spool::sqlite {

/// A row as it could be read.
struct ReadEntry {
  Entry entry;
  std::string damage;  ///< what cannot be read of it; empty: whole
};

/// An entry with its octets, as far as they could be read.
struct ReadJob {
  Entry entry;
  Octets octets;
  bool found = true;
  std::string damage;  ///< why it cannot be delivered; empty: it can
};

/// What `list` needs of an entry to choose it.
struct Outline {
  QueueId id;
  std::string app, domain;
  std::optional<State> state;
  std::optional<policy::Reason> reason;
  WallTime accepted_at{};
};

/// The reads of the spool, each over as few rows as it needs, none leaving a read transaction open.
class Queries {
 public:
  Queries(Connection& connection, std::string_view trace_secret);

  /// Nothing if there is no such entry (or it could not be read at all: then `failed()`).
  std::optional<ReadEntry> entry(QueueId id);
  /// The entry with its octets, held against each other.
  ReadJob job(QueueId id);
  /// Null if there are none.
  Octets octets(QueueId id);
  /// Calls `take` for the lane's entries in this state that are due by `now`, the longest due
  /// first, until it says false.
  void each_due(State state,
                const Lane& lane,
                WallTime now,
                const std::function<bool(QueueId, WallTime)>& take);
  /// The sender domains of entries held for this reason.
  std::vector<std::string> held_domains(policy::Reason reason);
  /// Calls `take` for the entries held for this reason, the oldest first, until it says false.
  void each_held(policy::Reason reason,
                 const std::string& domain,
                 bool urgent,
                 QueueId after,
                 const std::function<bool(QueueId)>& take);
  std::vector<Outline> outlines(QueueId after, std::int64_t most);
  std::optional<WallTime> oldest_unsettled(Ledger& ledger);
  std::vector<policy::Event> timeline(const Entry& entry);
  /// Entries whose Message-ID, SES message id or recipient the word is, newest first.
  std::vector<QueueId> traced(std::string_view word, std::size_t most);
  std::vector<Trace> refusals(std::string_view reference, std::size_t most);
  /// Counts all entries into the ledger.
  void census(Ledger& ledger);
  /// What note() kept.
  Notes notes();

  [[nodiscard]] bool failed() const noexcept {
    return failed_;
  }  ///< the last read ended in an error
  [[nodiscard]] std::string trouble() const { return connection_.trouble(); }

 private:
  std::optional<QueueId> traceable_before(QueueId id);
  void finish(const Rows& rows) { failed_ = rows.failed(); }

  void census_of_held(Ledger& ledger);

  Connection& connection_;
  TraceKey trace_key_;
  Statement entry_, octets_, due_, next_held_domain_, held_, census_, held_for_, notes_, oldest_;
  Statement outline_, timeline_;
  Statement traceable_before_, traced_, refusal_;
  bool failed_ = false;
};

}  // namespace spool::sqlite
