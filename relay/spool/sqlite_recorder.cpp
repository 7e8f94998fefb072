#include "relay/spool/sqlite_recorder.hpp"

#include "relay/spool/envelope_record.hpp"
#include "relay/spool/sqlite_sql.hpp"
#include "relay/spool/sqlite_values.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <map>
#include <utility>

namespace spool::sqlite {
namespace {

/// One for each reason, without addresses: `trace` finds the entry by them all the same.
std::vector<policy::Event> left_out_events(const Job& job) {
  std::map<policy::Reason, std::size_t> counts;
  for (const LeftOut& each : job.left_out) ++counts[each.reason];
  const auto all = job.left_out.size() + job.entry.envelope.forward_paths.size();
  std::vector<policy::Event> events;
  for (const auto& [reason, count] : counts) {
    policy::Event& event = events.emplace_back();
    event.kind = policy::EventKind::left_out;
    event.reason = reason;
    event.detail =
        std::to_string(count) + " of " + std::to_string(all) + " recipients do not get it";
  }
  return events;
}

/// How the timeline of an accepted message begins.
std::vector<policy::Event> first_events(const Job& job) {
  std::vector<policy::Event> events(1);
  events.front().kind = policy::EventKind::accepted;
  std::ranges::move(left_out_events(job), std::back_inserter(events));
  if (job.entry.state == State::held) {
    policy::Event& held = events.emplace_back();
    held.kind = policy::EventKind::held;
    held.reason = job.entry.reason;
  }
  for (policy::Event& event : events) event.at = job.entry.accepted_at;
  return events;
}

State stored_state(State state) { return state == State::in_delivery ? State::queued : state; }

MaybeBlob fingerprint_of(const Job& job) {
  if (!job.repeat) return std::nullopt;
  const auto& key = job.repeat->key;
  return Blob{{reinterpret_cast<const char*>(key.data()), key.size()}};
}

}  // namespace

Wrote fault(const Connection& connection) {
  switch (connection.code() & 0xff) {
    case SQLITE_CONSTRAINT:
    case SQLITE_CORRUPT:
    case SQLITE_TOOBIG:
    case SQLITE_MISMATCH:
      return Wrote::item_fault;
    default:
      return Wrote::store_fault;  // SQLite's codes are open-ended: unknown ones can pass
  }
}

Recorder::Recorder(Connection& connection, std::string_view trace_secret)
    : connection_(connection),
      trace_key_(trace_secret),
      insert_entry_(connection, sql::insert_entry),
      insert_octets_(connection, sql::insert_octets),
      insert_event_(connection, sql::insert_event),
      insert_trace_key_(connection, sql::insert_trace_key),
      standing_(connection, sql::standing),
      update_entry_(connection, sql::update_entry),
      close_entry_(connection, sql::close_entry),
      update_steps_(connection, sql::update_steps),
      delete_octets_(connection, sql::delete_octets),
      keep_note_(connection, sql::keep_note) {}

Wrote Recorder::accept(const Job& job) {
  const Entry& entry = job.entry;
  const Standing standing{stored_state(entry.state), entry.reason};
  const bool held = standing.state == State::held;
  const auto envelope = encode(entry.envelope);
  const auto size = job.octets->size();
  const auto events = first_events(job);
  const bool written = insert_entry_.run(entry.id.value(),
                                         entry.app,
                                         entry.domain,
                                         Blob{envelope},
                                         cut(entry.message_id),
                                         static_cast<std::int64_t>(size),
                                         to_milliseconds(entry.accepted_at),
                                         word(standing.state),
                                         reason_word(standing.reason),
                                         to_milliseconds(entry.next_attempt),
                                         std::int64_t{entry.attempts},
                                         cut(entry.last_reply),
                                         entry.upstream_id,
                                         static_cast<std::int64_t>(events.size()),
                                         std::int64_t{entry.urgent ? 1 : 0},
                                         std::int64_t{entry.notice ? 1 : 0},
                                         held ? to_milliseconds(entry.accepted_at) : MaybeInteger(),
                                         std::int64_t{0},
                                         fingerprint_of(job),
                                         static_cast<std::int64_t>(entry.association)) &&
                       insert_octets_.run(entry.id.value(), Blob{*job.octets}) &&
                       write_events(entry.id, events) && write_trace_keys(job) &&
                       (!job.note || note(job.note->name, job.note->value));
  if (!written) return fault();
  moves_.push_back({entry.id, {entry.app, entry.urgent}, size, std::nullopt, standing});
  return Wrote::yes;
}

Wrote Recorder::repeated(QueueId id, WallTime at) {
  Stored stored;
  if (const auto found = standing_of(id, stored); found != Wrote::yes) return found;
  if (stored.standing.state == State::failed) return Wrote::not_applicable;
  policy::Event event;
  event.kind = policy::EventKind::repeated;
  event.at = at;
  return append(id, stored.steps + 1, event);
}

Wrote Recorder::tell(QueueId id, const policy::Event& event) {
  Stored stored;
  const auto found = standing_of(id, stored);
  return found == Wrote::yes ? append(id, stored.steps + 1, event) : found;
}

Wrote Recorder::append(QueueId id, std::int64_t step, const policy::Event& event) {
  const bool appended = update_steps_.run(step, id.value()) && write_event(id, step, event);
  return appended ? Wrote::yes : fault();
}

Wrote Recorder::change(const Change& change) {
  Stored stored;
  if (const auto found = standing_of(change.id, stored); found != Wrote::yes) return found;
  const auto from = stored.standing.state;
  const auto to = stored_state(change.to);
  const bool excluded =
      change.only_from != 0 && (change.only_from >> static_cast<unsigned>(from) & 1U) == 0;
  // What is sent has no octets any more: nothing can be done with it but say so again.
  if (excluded || (from == State::sent && to != State::sent)) return Wrote::not_applicable;
  if (change.notice)
    if (const auto wrote = accept(*change.notice); wrote != Wrote::yes) return wrote;
  if (change.note && !note(change.note->name, change.note->value)) return fault();
  stored.steps += change.quiet ? 0 : 1;
  if (!write_change(change, stored) ||
      (!change.quiet && !write_event(change.id, stored.steps, change.event)))
    return fault();
  moves_.push_back({change.id,
                    std::move(stored.lane),
                    stored.size,
                    stored.standing,
                    Standing{to, change.reason}});
  return Wrote::yes;
}

bool Recorder::write_change(const Change& change, const Stored& stored) {
  const auto to = stored_state(change.to);
  const bool over = to == State::sent || to == State::failed;
  auto held_since = stored.held_since;
  auto held = stored.held;
  if (to == State::held && !held_since) held_since = change.event.at;
  if (to != State::held && to != State::in_doubt && held_since) {
    const auto now = change.event.at;
    held += std::chrono::duration_cast<std::chrono::milliseconds>(
        std::max(now - *held_since, WallTime::duration::zero()));
    held_since.reset();
  }
  auto& update = to == State::sent ? close_entry_ : update_entry_;
  if (!update.run(word(to),
                  reason_word(change.reason),
                  to_milliseconds(over ? change.event.at : change.next_attempt),
                  std::int64_t{change.attempts},
                  cut(change.last_reply),
                  change.upstream_id,
                  stored.steps,
                  maybe_milliseconds(held_since),
                  std::int64_t{held.count()},
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
  stored.standing.reason = reason_at(rows, 1, stored.standing.state);
  stored.steps = rows.integer(2);
  stored.lane = {std::string(rows.text(3)), rows.integer(4) != 0};
  stored.size = static_cast<std::uint64_t>(rows.integer(5));
  const auto state = stored.standing.state;
  if (!rows.is_null(6) && (state == State::held || state == State::in_doubt))
    stored.held_since = from_milliseconds(rows.integer(6));
  stored.held = std::chrono::milliseconds(rows.integer(7));
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

bool Recorder::write_events(QueueId id, const std::vector<policy::Event>& events) {
  std::int64_t step = 0;
  return std::ranges::all_of(
      events, [&](const policy::Event& event) { return write_event(id, ++step, event); });
}

bool Recorder::write_trace_keys(const Job& job) {
  const Entry& entry = job.entry;
  if (!entry.message_id.empty() && !write_trace_key(entry.id, entry.message_id)) return false;
  const auto write = [&](const std::string& path) { return write_trace_key(entry.id, path); };
  return std::ranges::all_of(entry.envelope.forward_paths, write) &&
         std::ranges::all_of(job.left_out, write, &LeftOut::forward_path);
}

bool Recorder::write_trace_key(QueueId id, std::string_view word) {
  return insert_trace_key_.run(id.value(), trace_key_.of(word));
}

bool Recorder::note(const std::string& name, const std::string& value) {
  return keep_note_.run(std::string(note_prefix) + name, value);
}

}  // namespace spool::sqlite
