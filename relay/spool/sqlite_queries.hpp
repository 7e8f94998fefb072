#pragma once

#include "relay/spool/intake.hpp"
#include "relay/spool/ledger.hpp"
#include "relay/spool/sqlite_connection.hpp"
#include "relay/spool/store.hpp"
#include "relay/spool/trace_key.hpp"

#include <cstdint>
#include <functional>
#include <map>
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

/// What `list` needs of an entry to choose it.
struct Outline {
  QueueId id;
  std::string app, domain;
  std::optional<State> state;
  std::optional<policy::Reason> reason;
  WallTime accepted_at{};
};

/// Whose entries are held for a reason.
struct HeldFor {
  std::string domain, app;
};

/// The reads of the spool, each over as few rows as it needs, none leaving a read transaction open.
class Queries {
 public:
  Queries(Connection& connection, std::string_view trace_secret);

  /// Nothing if there is no such entry (or it could not be read at all: then `failed()`).
  std::optional<ReadEntry> entry(QueueId id);
  /// Null if there are none.
  Octets octets(QueueId id);
  /// Calls `take` for the lane's entries in this state that are due by `now`, the longest due
  /// first, until it says false.
  void each_due(State state,
                const Lane& lane,
                WallTime now,
                const std::function<bool(QueueId, WallTime)>& take);
  /// Who has entries held for this reason, of one domain or, if that is empty, of any.
  std::vector<HeldFor> held_for(policy::Reason reason, const std::string& domain, std::size_t most);
  /// Calls `take` for the entries held for this reason, the oldest first, until it says false.
  void each_held(policy::Reason reason,
                 const HeldFor& whom,
                 bool urgent,
                 QueueId after,
                 const std::function<bool(QueueId)>& take);
  std::vector<Outline> outlines(QueueId after, std::int64_t most);
  std::optional<WallTime> oldest_unsettled(Ledger& ledger);
  std::vector<policy::Event> timeline(const Entry& entry);
  /// Appends the app's entries, or all, below `above` whose Message-ID, SES message id or recipient
  /// the word is, newest first, out of one slice of time; gives what the next slice is below,
  /// nothing after the last.
  std::optional<QueueId> traced(std::string_view word,
                                std::string_view app,
                                QueueId above,
                                std::size_t most,
                                std::vector<QueueId>& ids);
  /// The lowest id above this one that anything is known of, read beside the entries: the way round
  /// a damaged page of theirs.
  std::optional<QueueId> known_after(QueueId id);
  std::vector<Trace> refusals(std::string_view reference, std::string_view app, std::size_t most);
  /// Those numbered above `after`, at most `until`, the oldest first.
  std::vector<NumberedRefusal> refusals(std::int64_t after, std::int64_t until, std::size_t most);
  std::int64_t last_refusal();
  /// Counts all entries into the ledger.
  void census(Ledger& ledger);
  /// What note() kept.
  Notes notes();
  /// All of them, by kind and name.
  std::vector<Document> documents();
  std::vector<AuditRecord> audit(const AuditPage& page);

  [[nodiscard]] bool failed() const noexcept {
    return failed_;
  }  ///< the last read ended in an error
  /// And that for what stands in the file: it would again.
  [[nodiscard]] bool damaged() const noexcept { return damaged_; }
  [[nodiscard]] std::string trouble() const { return connection_.trouble(); }

 private:
  std::optional<QueueId> traceable_before(QueueId id);
  void finish(const Rows& rows) {
    failed_ = rows.failed();
    damaged_ = failed_ && connection_.read_damage();
  }

  void census_of_held(Ledger& ledger, std::map<std::string, std::uint64_t> held);

  Connection& connection_;
  TraceKey trace_key_;
  Statement entry_, octets_, due_, next_held_for_, held_, census_, held_count_, notes_, oldest_;
  Statement outline_, known_after_, timeline_;
  Statement traceable_before_, traced_, refusal_, refusals_, last_refusal_;
  Statement documents_, audit_page_, audit_page_of_;
  bool failed_ = false, damaged_ = false;
};

}  // namespace spool::sqlite
