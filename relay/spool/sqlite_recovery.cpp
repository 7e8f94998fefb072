#include "relay/spool/sqlite_recovery.hpp"

#include <cstdint>
#include <utility>
#include <vector>

namespace spool::sqlite {
namespace {

PendingChange send_again(const Entry& entry, WallTime now) {
  PendingChange pending;
  Change& change = pending.change;
  change.id = entry.id;
  change.to = State::queued;
  change.next_attempt = now;
  change.attempts = entry.attempts;
  change.last_reply = entry.last_reply;
  change.event.kind = policy::EventKind::resent;
  change.event.at = now;
  change.event.detail = "postern ended while the upstream's last reply was awaited";
  pending.done = [](bool) {};
  return pending;
}

}  // namespace

PendingChange quarantine(QueueId id, const std::string& damage, WallTime now) {
  PendingChange pending;
  Change& change = pending.change;
  change.id = id;
  change.to = State::failed;
  change.last_reply = damage;
  change.event.kind = policy::EventKind::quarantined;
  change.event.at = now;
  change.event.detail = damage;
  pending.done = [](bool) {};
  return pending;
}

mail::Result<Recovery> recover(Queries& queries, Writer& writer, Ledger& ledger, WallTime now) {
  const auto failure = [&] {
    return mail::failure("The spool could not be recovered (" + queries.trouble() +
                         "): make room on the disk of data_dir, or mend it.");
  };
  queries.census(ledger);
  if (queries.failed()) return failure();
  const auto ids = queries.in_doubt();
  if (queries.failed()) return failure();
  Recovery recovery;
  std::vector<PendingChange> changes;
  for (const auto id : ids) {
    const auto read = queries.job(id);
    const bool whole = read.damage.empty();
    changes.push_back(whole ? send_again(read.entry, now) : quarantine(id, read.damage, now));
    ++(whole ? recovery.in_doubt : recovery.quarantined);
  }
  if (!changes.empty() && !writer.commit_now(std::move(changes))) return failure();
  const auto counts = ledger.counts();
  recovery.queued = counts.by_state[static_cast<std::size_t>(State::queued)];
  recovery.held = counts.by_state[static_cast<std::size_t>(State::held)];
  return recovery;
}

}  // namespace spool::sqlite
