#include "relay/spool/sqlite_queries.hpp"

#include "relay/spool/envelope_record.hpp"
#include "relay/spool/sqlite_sql.hpp"
#include "relay/spool/sqlite_values.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <string>
#include <utility>

namespace spool::sqlite {
namespace {

/// Trace keys are read so much at a time, in milliseconds of accepting: no long read transaction.
constexpr std::int64_t trace_slice = 3'600'000;

/// What of the row in `rows` is not as any version writes it.
std::string damage_of(const Rows& rows, bool envelope_read) {
  const auto state = state_of(rows.text(7));
  if (!state) return "its state is not a known word";
  const bool needs_envelope = *state != State::sent && *state != State::failed;
  if (!envelope_read && (needs_envelope || !rows.is_null(3))) return "its envelope is damaged";
  return {};
}

ReadEntry read_entry(const Rows& rows) {
  ReadEntry read;
  Entry& entry = read.entry;
  entry.id = QueueId(rows.integer(0));
  entry.app = rows.text(1);
  entry.domain = rows.text(2);
  auto envelope = decode_envelope(rows.text(3));
  entry.message_id = rows.text(4);
  entry.size = static_cast<std::uint64_t>(rows.integer(5));
  entry.accepted_at = from_milliseconds(rows.integer(6));
  entry.state = state_of(rows.text(7)).value_or(State::failed);
  entry.reason = reason_at(rows, 8, entry.state);
  entry.next_attempt = from_milliseconds(rows.integer(9));
  entry.attempts = static_cast<std::uint32_t>(rows.integer(10));
  entry.last_reply = rows.text(11);
  entry.upstream_id = rows.text(12);
  entry.urgent = rows.integer(13) != 0;
  entry.notice = rows.integer(14) != 0;
  const bool holding = entry.state == State::held || entry.state == State::in_doubt;
  if (holding && !rows.is_null(15)) entry.held_since = from_milliseconds(rows.integer(15));
  entry.held = std::chrono::milliseconds(rows.integer(16));
  entry.association = static_cast<std::uint64_t>(rows.integer(17));
  read.damage = damage_of(rows, envelope.has_value());
  if (envelope) entry.envelope = std::move(*envelope);
  return read;
}

policy::Event refusal_at(const Rows& rows) {
  policy::Event event;
  event.kind = policy::EventKind::refused;
  event.reference = rows.text(0);
  event.at = from_milliseconds(rows.integer(1));
  event.app = rows.text(2);
  event.domain = rows.text(3);
  event.reason = reason_at(rows, 4, std::nullopt);
  event.detail = rows.text(5);
  return event;
}

std::vector<AuditRecord> records_in(Rows& rows) {
  std::vector<AuditRecord> records;
  while (rows.next())
    records.push_back({static_cast<std::uint64_t>(rows.integer(0)),
                       from_milliseconds(rows.integer(1)),
                       std::string(rows.text(2)),
                       std::string(rows.text(3)),
                       std::string(rows.text(4)),
                       std::string(rows.text(5))});
  return records;
}

}  // namespace

Queries::Queries(Connection& connection, std::string_view trace_secret)
    : connection_(connection),
      trace_key_(trace_secret),
      entry_(connection, sql::entry_by_id),
      octets_(connection, sql::octets_by_id),
      due_(connection, sql::due),
      next_held_for_(connection, sql::next_held_for),
      held_(connection, sql::held),
      census_(connection, sql::census),
      held_count_(connection, sql::held_count),
      notes_(connection, sql::notes),
      oldest_(connection, sql::oldest_unsettled),
      outline_(connection, sql::outline),
      known_after_(connection, sql::known_after),
      timeline_(connection, sql::timeline),
      traceable_before_(connection, sql::traceable_before),
      traced_(connection, sql::traced),
      refusal_(connection, sql::refusal_by_reference),
      refusals_(connection, sql::refusals_after),
      last_refusal_(connection, sql::last_refusal),
      documents_(connection, sql::documents),
      audit_page_(connection, sql::audit_page),
      audit_page_of_(connection, sql::audit_page_of) {}

std::optional<ReadEntry> Queries::entry(QueueId id) {
  Rows rows(entry_, id.value());
  const bool found = rows.next();
  finish(rows);
  if (!found) return std::nullopt;
  return read_entry(rows);
}

Octets Queries::octets(QueueId id) {
  Rows rows(octets_, id.value());
  const bool found = rows.next();
  finish(rows);
  return found ? std::make_shared<const std::string>(rows.text(0)) : nullptr;
}

void Queries::each_due(State state,
                       const Lane& lane,
                       WallTime now,
                       const std::function<bool(QueueId, WallTime)>& take) {
  Rows rows(due_, word(state), lane.app, std::int64_t{lane.urgent ? 1 : 0}, to_milliseconds(now));
  while (rows.next())
    if (!take(QueueId(rows.integer(0)), from_milliseconds(rows.integer(1)))) break;
  finish(rows);
}

std::vector<HeldFor> Queries::held_for(policy::Reason reason,
                                       const std::string& domain,
                                       std::size_t most) {
  std::vector<HeldFor> found;
  HeldFor last{domain, {}};
  while (found.size() < most) {
    Rows rows(next_held_for_, policy::word(reason), last.domain, last.app);
    const bool more = rows.next();
    finish(rows);
    if (!more) break;
    last = {std::string(rows.text(0)), std::string(rows.text(1))};
    if (!domain.empty() && last.domain != domain) break;
    found.push_back(last);
  }
  return found;
}

void Queries::each_held(policy::Reason reason,
                        const HeldFor& whom,
                        bool urgent,
                        QueueId after,
                        const std::function<bool(QueueId)>& take) {
  Rows rows(held_,
            policy::word(reason),
            whom.domain,
            whom.app,
            std::int64_t{urgent ? 1 : 0},
            after.value());
  while (rows.next())
    if (!take(QueueId(rows.integer(0)))) break;
  finish(rows);
}

std::vector<Outline> Queries::outlines(QueueId after, std::int64_t most) {
  std::vector<Outline> outlines;
  Rows rows(outline_, after.value() + 1, most);
  while (rows.next()) {
    const auto state = state_of(rows.text(3));
    outlines.push_back({QueueId(rows.integer(0)),
                        std::string(rows.text(1)),
                        std::string(rows.text(2)),
                        state,
                        reason_at(rows, 4, state),
                        from_milliseconds(rows.integer(5))});
  }
  finish(rows);
  return outlines;
}

std::optional<WallTime> Queries::oldest_unsettled(Ledger& ledger) {
  const auto from = ledger.start_search();
  Rows rows(oldest_, from.value());
  const bool found = rows.next();
  finish(rows);
  if (failed_) return std::nullopt;
  if (!found) {
    ledger.end_search(QueueId(std::numeric_limits<std::int64_t>::max()));
    return std::nullopt;
  }
  ledger.end_search(QueueId(rows.integer(0)));
  return from_milliseconds(rows.integer(1));
}

std::vector<policy::Event> Queries::timeline(const Entry& entry) {
  std::vector<policy::Event> events;
  Rows rows(timeline_, entry.id.value());
  while (rows.next()) {
    const auto kind = policy::event_kind_of(rows.text(1));
    if (!kind) continue;  // a later version's, for which this one has no word
    policy::Event event;
    event.at = from_milliseconds(rows.integer(0));
    event.kind = *kind;
    event.queue_id = entry.id.text();
    event.app = entry.app;
    event.domain = entry.domain;
    event.reason = reason_at(rows, 2, std::nullopt);
    event.detail = rows.text(3);
    events.push_back(std::move(event));
  }
  finish(rows);
  return events;
}

/// The newest entry below `id` that has keys.
std::optional<QueueId> Queries::traceable_before(QueueId id) {
  Rows rows(traceable_before_, id.value());
  const bool found = rows.next() && !rows.is_null(0);
  finish(rows);
  return found ? std::optional(QueueId(rows.integer(0))) : std::nullopt;
}

std::optional<QueueId> Queries::traced(std::string_view word,
                                       std::string_view app,
                                       QueueId above,
                                       std::size_t most,
                                       std::vector<QueueId>& ids) {
  const auto newest = traceable_before(above);
  if (!newest) return std::nullopt;
  const auto from = QueueId::make(newest->unix_milliseconds() - trace_slice, 0);
  Rows rows(traced_,
            from.value(),
            above.value(),
            trace_key_.of(word),
            app,
            static_cast<std::int64_t>(most));
  while (rows.next()) ids.emplace_back(rows.integer(0));
  finish(rows);
  return failed_ ? std::nullopt : std::optional(from);
}

std::optional<QueueId> Queries::known_after(QueueId id) {
  Rows rows(known_after_, id.value());
  const bool found = rows.next() && !rows.is_null(0);
  finish(rows);
  return found ? std::optional(QueueId(rows.integer(0))) : std::nullopt;
}

std::vector<Trace> Queries::refusals(std::string_view reference,
                                     std::string_view app,
                                     std::size_t most) {
  std::vector<Trace> traces;
  Rows rows(refusal_, reference, app, static_cast<std::int64_t>(most));
  while (rows.next()) traces.push_back({std::nullopt, {refusal_at(rows)}});
  finish(rows);
  return traces;
}

std::vector<NumberedRefusal> Queries::refusals(std::int64_t after,
                                               std::int64_t until,
                                               std::size_t most) {
  std::vector<NumberedRefusal> found;
  Rows rows(refusals_, after, until, static_cast<std::int64_t>(most));
  while (rows.next()) found.push_back({rows.integer(6), refusal_at(rows)});
  finish(rows);
  return found;
}

std::int64_t Queries::last_refusal() {
  Rows rows(last_refusal_);
  const auto number = rows.next() ? rows.integer(0) : 0;
  finish(rows);
  return number;
}

void Queries::census(Ledger& ledger) {
  auto oldest = std::numeric_limits<std::int64_t>::max();
  std::map<std::string, std::uint64_t> held;  // by app
  {
    Rows rows(census_);
    while (rows.next()) {
      const auto state = state_of(rows.text(0)).value_or(State::failed);
      ledger.add(state,
                 {std::string(rows.text(1)), rows.integer(2) != 0},
                 {static_cast<std::uint64_t>(rows.integer(3)),
                  static_cast<std::uint64_t>(rows.integer(4))});
      if (state == State::held)
        held[std::string(rows.text(1))] += static_cast<std::uint64_t>(rows.integer(3));
      if (state == State::queued || state == State::in_doubt)
        oldest = std::min(oldest, rows.integer(5));
    }
    finish(rows);
    if (failed_) return;
  }
  static_cast<void>(ledger.start_search());
  ledger.end_search(QueueId(oldest));
  census_of_held(ledger, std::move(held));
}

/// Of the `held` entries of each app, those whose reason only a later version knows count as
/// reason_at() has them.
void Queries::census_of_held(Ledger& ledger, std::map<std::string, std::uint64_t> held) {
  for (const auto& reason : policy::reasons()) {
    Rows rows(held_count_, reason.word);
    while (rows.next()) {
      const std::string app(rows.text(0));
      const auto known = static_cast<std::uint64_t>(rows.integer(1));
      ledger.add_held(reason.reason, app, known);
      held[app] -= std::min(held[app], known);
    }
    finish(rows);
    if (failed_) return;
  }
  for (const auto& [app, unknown] : held)
    if (unknown > 0) ledger.add_held(policy::Reason::by_hand, app, unknown);
}

Notes Queries::notes() {
  Notes notes;
  Rows rows(notes_);
  while (rows.next()) notes.emplace(rows.text(0).substr(note_prefix.size()), rows.text(1));
  finish(rows);
  return notes;
}

std::vector<Document> Queries::documents() {
  std::vector<Document> documents;
  Rows rows(documents_);
  while (rows.next())
    documents.push_back({std::string(rows.text(0)),
                         std::string(rows.text(1)),
                         static_cast<std::uint64_t>(rows.integer(2)),
                         std::string(rows.text(3))});
  finish(rows);
  return documents;
}

std::vector<AuditRecord> Queries::audit(const AuditPage& page) {
  const auto read = [&](Statement& statement, const auto&... target) {
    constexpr std::uint64_t newest = std::numeric_limits<std::int64_t>::max();
    const auto before = page.before == 0 ? newest : std::min(page.before, newest);
    Rows rows(statement,
              static_cast<std::int64_t>(before),
              target...,
              static_cast<std::int64_t>(page.limit));
    auto records = records_in(rows);
    finish(rows);
    return records;
  };
  return page.target.empty() ? read(audit_page_) : read(audit_page_of_, page.target);
}

}  // namespace spool::sqlite
