#include "relay/spool/sqlite_recorder.hpp"

#include "relay/spool/envelope_record.hpp"
#include "relay/spool/sqlite_sql.hpp"
#include "relay/spool/sqlite_values.hpp"

#include <sqlite3.h>

#include <algorithm>

namespace spool::sqlite {
namespace {

constexpr std::size_t most_text =
    2000;  ///< of a foreign reply or detail; the rest tells nothing more
constexpr std::int64_t expired_at_once = 200;

std::string_view cut(std::string_view text) { return text.substr(0, most_text); }

policy::Event accepted_event(const Entry& entry) {
  policy::Event event;
  event.kind = policy::EventKind::accepted;
  event.at = entry.accepted_at;
  return event;
}

policy::Event held_event(const Entry& entry) {
  policy::Event event;
  event.kind = policy::EventKind::held;
  event.at = entry.accepted_at;
  event.reason = entry.reason;
  return event;
}

State stored_state(State state) { return state == State::in_delivery ? State::queued : state; }

}  // namespace

Recorder::Recorder(Connection& connection,
                   std::string_view trace_secret,
                   std::int64_t most_refusals)
    : connection_(connection),
      trace_key_(trace_secret),
      insert_entry_(connection, sql::insert_entry),
      insert_octets_(connection, sql::insert_octets),
      insert_event_(connection, sql::insert_event),
      insert_trace_key_(connection, sql::insert_trace_key),
      standing_(connection, sql::standing),
      update_entry_(connection, sql::update_entry),
      close_entry_(connection, sql::close_entry),
      delete_octets_(connection, sql::delete_octets),
      insert_refusal_(connection, sql::insert_refusal),
      trim_refusals_(connection, sql::trim_refusals),
      expired_entries_(connection, sql::expired_entries),
      expired_content_(connection, sql::expired_content),
      delete_entry_(connection, sql::delete_entry),
      delete_events_(connection, sql::delete_events),
      clear_envelope_(connection, sql::clear_envelope),
      delete_trace_keys_(connection, sql::delete_trace_keys),
      delete_refusals_(connection, sql::delete_refusals),
      most_refusals_(most_refusals) {
  Statement last(connection, sql::last_refusal);
  Rows rows(last);
  if (rows.next()) last_refusal_ = rows.integer(0);
}

Wrote Recorder::fault() const {
  switch (connection_.code() & 0xff) {
    case SQLITE_CONSTRAINT:
    case SQLITE_CORRUPT:
    case SQLITE_TOOBIG:
    case SQLITE_MISMATCH:
      return Wrote::item_fault;
    default:
      return Wrote::store_fault;  // SQLite's codes are open-ended: unknown ones can pass
  }
}

Wrote Recorder::accept(const Job& job) {
  const Entry& entry = job.entry;
  const Standing standing{stored_state(entry.state), entry.reason};
  const bool held = standing.state == State::held;
  const auto envelope = encode(entry.envelope);
  const bool written = insert_entry_.run(entry.id.value(),
                                         entry.app,
                                         entry.domain,
                                         Blob{envelope},
                                         cut(entry.message_id),
                                         static_cast<std::int64_t>(job.octets->size()),
                                         to_milliseconds(entry.accepted_at),
                                         word(standing.state),
                                         reason_word(standing.reason),
                                         to_milliseconds(entry.next_attempt),
                                         std::int64_t{entry.attempts},
                                         cut(entry.last_reply),
                                         entry.upstream_id,
                                         std::int64_t{held ? 2 : 1}) &&
                       insert_octets_.run(entry.id.value(), Blob{*job.octets}) &&
                       write_event(entry.id, 1, accepted_event(entry)) &&
                       (!held || write_event(entry.id, 2, held_event(entry))) &&
                       write_trace_keys(entry);
  if (!written) return fault();
  moves_.push_back({entry.id, std::nullopt, standing});
  return Wrote::yes;
}

Wrote Recorder::change(const Change& change) {
  Stored stored;
  if (const auto found = standing_of(change.id, stored); found != Wrote::yes) return found;
  const auto to = stored_state(change.to);
  // What is sent has no octets any more: nothing can be done with it but say so again.
  if (stored.standing.state == State::sent && to != State::sent) return Wrote::not_applicable;
  if (!write_change(change, stored.steps + 1) ||
      !write_event(change.id, stored.steps + 1, change.event))
    return fault();
  moves_.push_back({change.id, stored.standing, Standing{to, change.reason}});
  return Wrote::yes;
}

bool Recorder::write_change(const Change& change, std::int64_t steps) {
  const auto to = stored_state(change.to);
  const bool over = to == State::sent || to == State::failed;
  auto& update = to == State::sent ? close_entry_ : update_entry_;
  const auto due_at = to_milliseconds(over ? change.event.at : change.next_attempt);
  if (!update.run(word(to),
                  reason_word(change.reason),
                  due_at,
                  std::int64_t{change.attempts},
                  cut(change.last_reply),
                  change.upstream_id,
                  steps,
                  change.id.value()))
    return false;
  if (!change.upstream_id.empty() && !write_trace_key(change.id, change.upstream_id)) return false;
  return to != State::sent || delete_octets_.run(change.id.value());
}

Wrote Recorder::standing_of(QueueId id, Stored& stored) {
  Rows rows(standing_, id.value());
  if (!rows.next()) return rows.failed() ? fault() : Wrote::not_applicable;
  // A word that no version wrote counts as failed, so that the change that mends it can be made.
  stored.standing.state = state_of(rows.text(0)).value_or(State::failed);
  if (!rows.is_null(1)) stored.standing.reason = policy::reason_of(rows.text(1));
  stored.steps = rows.integer(2);
  return Wrote::yes;
}

bool Recorder::write_event(QueueId id, std::int64_t step, const policy::Event& event) {
  return insert_event_.run(id.value(),
                           step,
                           to_milliseconds(event.at),
                           policy::word(event.kind),
                           reason_word(event.reason),
                           cut(event.detail));
}

bool Recorder::write_trace_keys(const Entry& entry) {
  if (!entry.message_id.empty() && !write_trace_key(entry.id, entry.message_id)) return false;
  return std::ranges::all_of(entry.envelope.forward_paths, [&](const std::string& path) {
    return write_trace_key(entry.id, path);
  });
}

bool Recorder::write_trace_key(QueueId id, std::string_view word) {
  return insert_trace_key_.run(id.value(), trace_key_.of(word));
}

Wrote Recorder::refusal(const policy::Event& refusal) {
  const auto number = last_refusal_ + 1;
  if (!insert_refusal_.run(number,
                           refusal.reference,
                           to_milliseconds(refusal.at),
                           refusal.app,
                           refusal.domain,
                           reason_word(refusal.reason),
                           cut(refusal.detail)) ||
      !trim_refusals_.run(number - most_refusals_))
    return fault();
  last_refusal_ = number;  // stays so after a rollback: numbers may be left out
  return Wrote::yes;
}

Wrote Recorder::expire(const Retention& retention, bool& more) {
  more = false;
  auto wrote = expire_entries(State::sent, retention.timeline, more);
  if (wrote == Wrote::yes) wrote = expire_entries(State::failed, retention.timeline, more);
  if (wrote == Wrote::yes) wrote = expire_content(retention.failed, more);
  if (wrote != Wrote::yes) return wrote;
  if (!delete_refusals_.run(to_milliseconds(retention.refusals), expired_at_once)) return fault();
  more = more || connection_.changed_rows() == expired_at_once;
  return Wrote::yes;
}

Wrote Recorder::expire_entries(State state, WallTime before, bool& more) {
  std::vector<Move> expired;
  {
    Rows rows(expired_entries_, word(state), to_milliseconds(before), expired_at_once);
    while (rows.next()) {
      Standing standing{state, std::nullopt};
      expired.push_back({QueueId(rows.integer(0)), standing, std::nullopt});
    }
    if (rows.failed()) return fault();
  }
  more = more || expired.size() == static_cast<std::size_t>(expired_at_once);
  for (const auto& move : expired) {
    const auto id = move.id.value();
    if (!delete_entry_.run(id) || !delete_events_.run(id) || !delete_octets_.run(id) ||
        !delete_trace_keys_.run(id))
      return fault();
    moves_.push_back(move);
  }
  return Wrote::yes;
}

Wrote Recorder::expire_content(WallTime before, bool& more) {
  std::vector<std::int64_t> ids;
  {
    Rows rows(expired_content_, to_milliseconds(before), expired_at_once);
    while (rows.next()) ids.push_back(rows.integer(0));
    if (rows.failed()) return fault();
  }
  more = more || ids.size() == static_cast<std::size_t>(expired_at_once);
  for (const auto id : ids)
    if (!clear_envelope_.run(id) || !delete_octets_.run(id)) return fault();
  return Wrote::yes;
}

}  // namespace spool::sqlite
