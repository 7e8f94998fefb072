#include "relay/spool/sqlite_recovery.hpp"

#include "relay/spool/sqlite_sql.hpp"
#include "relay/spool/sqlite_values.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <tuple>
#include <vector>

namespace spool::sqlite {

mail::Result<Recovery> recover(Queries& queries, FeedbackQueries& feedback, Ledger& ledger) {
  const auto failure = [&] {
    return mail::failure("The spool could not be recovered (" + queries.trouble() +
                         "): mend the disk of data_dir, or restore a backup.");
  };
  queries.census(ledger);
  if (queries.failed()) return failure();
  Recovery recovery;
  recovery.notes = queries.notes();
  if (queries.failed()) return failure();
  recovery.documents = queries.documents();
  if (queries.failed()) return failure();
  recovery.tallies = feedback.tallies();
  recovery.relay_tag = feedback.relay_tag();
  recovery.last_refusal = queries.last_refusal();
  const auto counts = ledger.counts();
  recovery.queued = counts.by_state[static_cast<std::size_t>(State::queued)];
  recovery.in_doubt = counts.by_state[static_cast<std::size_t>(State::in_doubt)];
  recovery.held = counts.by_state[static_cast<std::size_t>(State::held)];
  return recovery;
}

/// What cannot be read is no reason not to start: its repeats are taken for new messages.
void recall(Connection& connection, WallTime since, std::size_t most, Repeats& repeats) {
  Statement fingerprints(connection, sql::fingerprints);
  std::vector<std::tuple<Fingerprint, QueueId, WallTime>> accepts;
  {
    Rows rows(fingerprints,
              QueueId::make(to_milliseconds(since), 0).value(),
              static_cast<std::int64_t>(most));
    while (rows.next()) {
      Fingerprint key;
      const auto octets = rows.text(2);
      if (octets.size() != key.size()) continue;
      std::memcpy(key.data(), octets.data(), key.size());
      accepts.emplace_back(key, rows.integer(0), from_milliseconds(rows.integer(1)));
    }
  }
  std::ranges::reverse(accepts);
  for (const auto& [key, id, accepted_at] : accepts) {
    repeats.stage(key, id, accepted_at);
    repeats.commit();
  }
}

}  // namespace spool::sqlite
