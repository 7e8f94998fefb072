#pragma once

#include <string_view>

/// Every statement of the spool's SQLite form. Where it costs nothing they are what PostgreSQL also
/// runs: placeholders are numbered, limits stand in selects, no SQLite function is called; types,
/// WITHOUT ROWID and STRICT are SQLite's.
namespace spool::sqlite::sql {

/// Version 4, with what follows. `due_at` is the one time an index orders by: when a queued, held
/// or in-doubt entry is looked at again, when a sent or failed one ended. Each lane's part of that
/// index also carries sizes, so that counting the spool reads nothing else. `envelope` is NULL once
/// the content is gone. `held_since` is when the hold of a held entry began, and of one in doubt
/// that a probe took out of it; of others it says nothing. `fingerprint` makes a repeat known,
/// after a start from the newest rows and else from memory: an index of it would cost each accept a
/// page. `step` numbers an entry's events from 1. Trace keys lie beside each other by entry, so
/// that accepting touches few pages, and a trace reads through them (half the pages of a commit
/// were theirs when they lay by key). Times are Unix milliseconds. Names in `meta` that begin with
/// "note " are note()'s.
inline constexpr const char* schema = R"(
CREATE TABLE meta (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
) WITHOUT ROWID, STRICT;
CREATE TABLE entries (
  id INTEGER PRIMARY KEY,
  app TEXT NOT NULL,
  domain TEXT NOT NULL,
  envelope BLOB,
  message_id TEXT NOT NULL,
  size INTEGER NOT NULL,
  accepted_at INTEGER NOT NULL,
  state TEXT NOT NULL,
  reason TEXT,
  due_at INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  last_reply TEXT NOT NULL,
  upstream_id TEXT NOT NULL,
  steps INTEGER NOT NULL,
  urgent INTEGER NOT NULL DEFAULT 0,
  notice INTEGER NOT NULL DEFAULT 0,
  held_since INTEGER,
  held_ms INTEGER NOT NULL DEFAULT 0,
  fingerprint BLOB,
  association INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE octets (
  id INTEGER PRIMARY KEY,
  content BLOB NOT NULL
) STRICT;
CREATE TABLE events (
  id INTEGER NOT NULL,
  step INTEGER NOT NULL,
  at INTEGER NOT NULL,
  kind TEXT NOT NULL,
  reason TEXT,
  detail TEXT NOT NULL,
  PRIMARY KEY (id, step)
) WITHOUT ROWID, STRICT;
CREATE TABLE trace_keys (
  id INTEGER NOT NULL,
  trace_key INTEGER NOT NULL,
  PRIMARY KEY (id, trace_key)
) WITHOUT ROWID, STRICT;
CREATE TABLE refusals (
  number INTEGER PRIMARY KEY,
  reference TEXT NOT NULL,
  at INTEGER NOT NULL,
  app TEXT NOT NULL,
  domain TEXT NOT NULL,
  reason TEXT,
  detail TEXT NOT NULL
) STRICT;
CREATE INDEX refusals_by_reference ON refusals (reference);
)";

/// Since version 2. The second serves probes and the count by reason, the third the retention of
/// failed content; both have rows for few entries.
inline constexpr const char* indexes = R"(
CREATE INDEX entries_by_lane ON entries (state, app, urgent, due_at, size);
CREATE INDEX entries_held ON entries (reason, domain, app, urgent) WHERE state = 'held';
CREATE INDEX entries_failed ON entries (due_at) WHERE state = 'failed' AND envelope IS NOT NULL;
)";

/// Makes version 2 of version 1, which can go on working on it: what it does not know has a
/// default. A hold began with the last event that says so.
inline constexpr const char* from_version_1 = R"(
ALTER TABLE entries ADD COLUMN urgent INTEGER NOT NULL DEFAULT 0;
ALTER TABLE entries ADD COLUMN notice INTEGER NOT NULL DEFAULT 0;
ALTER TABLE entries ADD COLUMN held_since INTEGER;
ALTER TABLE entries ADD COLUMN held_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE entries ADD COLUMN fingerprint BLOB;
UPDATE entries SET held_since =
  (SELECT max(at) FROM events WHERE events.id = entries.id AND kind = 'held')
  WHERE state = 'held';
DROP INDEX entries_by_due;
)";

/// Since version 3. A number of the audit trail is never given twice, hence AUTOINCREMENT.
inline constexpr const char* documents_and_audit = R"(
CREATE TABLE documents (
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  version INTEGER NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (kind, name)
) STRICT;
CREATE TABLE audit (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  who TEXT NOT NULL,
  what TEXT NOT NULL,
  target TEXT NOT NULL,
  detail TEXT NOT NULL
) STRICT;
CREATE INDEX audit_by_target ON audit (target);
CREATE INDEX audit_by_time ON audit (at);
)";

/// Makes version 3 of version 2, with the tables above; 1 and 2 can go on working on it.
inline constexpr const char* from_version_2 =
    "ALTER TABLE entries ADD COLUMN association INTEGER NOT NULL DEFAULT 0";

/// Since version 4: what the upstream says of messages later. `feedback` holds what was booked, so
/// that it is booked once. `reached` has the recipients that a delivery was reported for, by the
/// keyed hash of `trace`, to the day, so that a second mail of a day writes nothing. `cohorts`
/// counts by the hour of sending; the label values of `tallies` stand behind one another, each
/// ended by an octet 31. An upstream's ids grow with time, so their index costs an accept nothing
/// and `sent` little.
inline constexpr const char* feedback_tables = R"(
CREATE TABLE feedback (
  fingerprint BLOB PRIMARY KEY,
  at INTEGER NOT NULL
) WITHOUT ROWID, STRICT;
CREATE INDEX feedback_by_time ON feedback (at);
CREATE TABLE suppressions (
  app TEXT NOT NULL,
  address TEXT NOT NULL,
  record TEXT NOT NULL,
  forget_at INTEGER NOT NULL,
  PRIMARY KEY (app, address)
) WITHOUT ROWID, STRICT;
CREATE INDEX suppressions_by_end ON suppressions (forget_at);
CREATE TABLE reached (
  app TEXT NOT NULL,
  who INTEGER NOT NULL,
  day INTEGER NOT NULL,
  PRIMARY KEY (app, who)
) WITHOUT ROWID, STRICT;
CREATE INDEX reached_by_day ON reached (day);
CREATE TABLE cohorts (
  hour INTEGER NOT NULL,
  app TEXT NOT NULL,
  domain TEXT NOT NULL,
  sent INTEGER NOT NULL,
  bounces INTEGER NOT NULL,
  complaints INTEGER NOT NULL,
  PRIMARY KEY (hour, app, domain)
) WITHOUT ROWID, STRICT;
CREATE TABLE tallies (
  family TEXT NOT NULL,
  labels TEXT NOT NULL,
  count INTEGER NOT NULL,
  PRIMARY KEY (family, labels)
) WITHOUT ROWID, STRICT;
CREATE INDEX entries_by_upstream_id ON entries (upstream_id) WHERE upstream_id <> '';
)";

inline constexpr std::string_view set_meta = "UPDATE meta SET value = $1 WHERE name = $2";

inline constexpr std::string_view table_exists =
    "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = $1";
inline constexpr std::string_view put_meta = "INSERT INTO meta (name, value) VALUES ($1, $2)";
inline constexpr std::string_view get_meta = "SELECT value FROM meta WHERE name = $1";
inline constexpr std::string_view touch_meta = "UPDATE meta SET value = value WHERE name = $1";
inline constexpr std::string_view keep_note =
    "INSERT INTO meta (name, value) VALUES ($1, $2)"
    " ON CONFLICT (name) DO UPDATE SET value = excluded.value";
inline constexpr std::string_view notes =
    "SELECT name, value FROM meta WHERE name >= 'note ' AND name < 'note!'";

// the writer's

inline constexpr std::string_view insert_entry =
    "INSERT INTO entries (id, app, domain, envelope, message_id, size, accepted_at, state, reason,"
    " due_at, attempts, last_reply, upstream_id, steps, urgent, notice, held_since, held_ms,"
    " fingerprint, association)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,"
    " $19, $20)";
inline constexpr std::string_view insert_octets =
    "INSERT INTO octets (id, content) VALUES ($1, $2)";
inline constexpr std::string_view insert_event =
    "INSERT INTO events (id, step, at, kind, reason, detail) VALUES ($1, $2, $3, $4, $5, $6)";
inline constexpr std::string_view insert_trace_key =
    "INSERT INTO trace_keys (id, trace_key) VALUES ($1, $2) ON CONFLICT DO NOTHING";
inline constexpr std::string_view standing =
    "SELECT state, reason, steps, app, urgent, size, held_since, held_ms FROM entries WHERE id = "
    "$1";
inline constexpr std::string_view update_entry =
    "UPDATE entries SET state = $1, reason = $2, due_at = $3, attempts = $4, last_reply = $5,"
    " upstream_id = $6, steps = $7, held_since = $8, held_ms = $9 WHERE id = $10";
inline constexpr std::string_view close_entry =
    "UPDATE entries SET state = $1, reason = $2, due_at = $3, attempts = $4, last_reply = $5,"
    " upstream_id = $6, steps = $7, held_since = $8, held_ms = $9, envelope = NULL WHERE id = $10";
inline constexpr std::string_view update_steps = "UPDATE entries SET steps = $1 WHERE id = $2";
inline constexpr std::string_view delete_octets = "DELETE FROM octets WHERE id = $1";
inline constexpr std::string_view insert_refusal =
    "INSERT INTO refusals (number, reference, at, app, domain, reason, detail)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7)";
inline constexpr std::string_view last_refusal = "SELECT coalesce(max(number), 0) FROM refusals";
inline constexpr std::string_view count_refusals =
    "SELECT app, count(*) FROM refusals GROUP BY app";
inline constexpr std::string_view trim_refusals =
    "DELETE FROM refusals WHERE number IN"
    " (SELECT number FROM refusals WHERE app = $1 ORDER BY number LIMIT $2)";

// documents and the audit trail; the savepoint makes each write all or none within its transaction

inline constexpr std::string_view begin_write = "SAVEPOINT documents";
inline constexpr std::string_view undo_write = "ROLLBACK TO documents";
inline constexpr std::string_view end_write = "RELEASE documents";
inline constexpr std::string_view count_documents = "SELECT count(*) FROM documents";
inline constexpr std::string_view document_version =
    "SELECT version FROM documents WHERE kind = $1 AND name = $2";
inline constexpr std::string_view put_document =
    "INSERT INTO documents (kind, name, version, body) VALUES ($1, $2, $3, $4)"
    " ON CONFLICT (kind, name) DO UPDATE SET version = excluded.version, body = excluded.body";
inline constexpr std::string_view remove_document =
    "DELETE FROM documents WHERE kind = $1 AND name = $2";
inline constexpr std::string_view insert_audit =
    "INSERT INTO audit (at, who, what, target, detail) VALUES ($1, $2, $3, $4, $5)";
inline constexpr std::string_view trim_audit =
    "DELETE FROM audit WHERE number <= (SELECT max(number) FROM audit) - $1";

// what the upstream says later

inline constexpr std::string_view is_booked = "SELECT 1 FROM feedback WHERE fingerprint = $1";
inline constexpr std::string_view insert_booked =
    "INSERT INTO feedback (fingerprint, at) VALUES ($1, $2)";
inline constexpr std::string_view booked_entry =
    "SELECT id, app, domain, urgent, notice, upstream_id, state, due_at FROM entries WHERE id = $1";
inline constexpr std::string_view entry_of_upstream_id =
    "SELECT id FROM entries WHERE upstream_id = $1 AND upstream_id <> ''";
inline constexpr std::string_view is_recipient =
    "SELECT 1 FROM trace_keys WHERE id = $1 AND trace_key = $2";
inline constexpr std::string_view sending =
    "SELECT app, domain, envelope, notice FROM entries WHERE id = $1 AND state <> 'sent'";
inline constexpr std::string_view add_to_cohort =
    "INSERT INTO cohorts (hour, app, domain, sent, bounces, complaints)"
    " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (hour, app, domain) DO UPDATE SET"
    " sent = cohorts.sent + excluded.sent, bounces = cohorts.bounces + excluded.bounces,"
    " complaints = cohorts.complaints + excluded.complaints";
inline constexpr std::string_view add_to_tally =
    "INSERT INTO tallies (family, labels, count) VALUES ($1, $2, 1)"
    " ON CONFLICT (family, labels) DO UPDATE SET count = tallies.count + 1";
inline constexpr std::string_view note_reached =
    "INSERT INTO reached (app, who, day) VALUES ($1, $2, $3)"
    " ON CONFLICT (app, who) DO UPDATE SET day = excluded.day WHERE excluded.day > reached.day";
inline constexpr std::string_view suppression =
    "SELECT record FROM suppressions WHERE app = $1 AND address = $2";
inline constexpr std::string_view put_suppression =
    "INSERT INTO suppressions (app, address, record, forget_at) VALUES ($1, $2, $3, $4)"
    " ON CONFLICT (app, address) DO UPDATE SET record = excluded.record,"
    " forget_at = excluded.forget_at";
inline constexpr std::string_view count_suppressions = "SELECT count(*) FROM suppressions";
inline constexpr std::string_view delete_booked =
    "DELETE FROM feedback WHERE fingerprint IN"
    " (SELECT fingerprint FROM feedback WHERE at < $1 ORDER BY at LIMIT $2)";
inline constexpr std::string_view delete_reached =
    "DELETE FROM reached WHERE (app, who) IN"
    " (SELECT app, who FROM reached WHERE day < $1 ORDER BY day LIMIT $2)";
inline constexpr std::string_view delete_suppressions =
    "DELETE FROM suppressions WHERE (app, address) IN"
    " (SELECT app, address FROM suppressions WHERE forget_at < $1 ORDER BY forget_at LIMIT $2)";
inline constexpr std::string_view delete_cohorts =
    "DELETE FROM cohorts WHERE (hour, app, domain) IN"
    " (SELECT hour, app, domain FROM cohorts WHERE hour < $1 ORDER BY hour LIMIT $2)";

/// An order's next page. Newest first: so urgent mail leaves a hold, and what comes meanwhile is
/// not the order's. (This and `outline` begin with the id itself, so that a reading that begins
/// beside a damaged page does not touch it.)
inline constexpr std::string_view order_page =
    "SELECT id, app, domain, state, reason, accepted_at, urgent, attempts, last_reply, upstream_id,"
    " envelope FROM entries WHERE id <= $1 ORDER BY id DESC LIMIT $2";
inline constexpr std::string_view fingerprints =
    "SELECT id, accepted_at, fingerprint FROM entries WHERE id >= $1 AND fingerprint IS NOT NULL"
    " ORDER BY id DESC LIMIT $2";

// what is past its retention, a bounded number at a time

inline constexpr std::string_view finished =
    "SELECT id, due_at, size FROM entries WHERE state = $1 AND app = $2 AND urgent = $3"
    " AND due_at < $4 ORDER BY due_at LIMIT $5";
inline constexpr std::string_view failed_content =
    "SELECT id FROM entries INDEXED BY entries_failed WHERE state = 'failed'"
    " AND envelope IS NOT NULL AND due_at < $1 LIMIT $2";
inline constexpr std::string_view delete_entry = "DELETE FROM entries WHERE id = $1";
inline constexpr std::string_view delete_events = "DELETE FROM events WHERE id = $1";
inline constexpr std::string_view clear_envelope =
    "UPDATE entries SET envelope = NULL WHERE id = $1";
inline constexpr std::string_view delete_trace_keys = "DELETE FROM trace_keys WHERE id = $1";
inline constexpr std::string_view delete_refusals =
    "DELETE FROM refusals WHERE number IN"
    " (SELECT number FROM refusals WHERE at < $1 ORDER BY number LIMIT $2)";
inline constexpr std::string_view delete_audit =
    "DELETE FROM audit WHERE number IN"
    " (SELECT number FROM audit WHERE at < $1 ORDER BY at LIMIT $2)";

// a restored backup's

inline constexpr std::string_view tell_restored =
    "INSERT INTO events (id, step, at, kind, reason, detail)"
    " SELECT id, steps + 1, $1, 'held', 'restored', 'restored from a backup' FROM entries"
    " WHERE state IN ('queued', 'in_doubt', 'held')";
inline constexpr std::string_view hold_restored =
    "UPDATE entries SET state = 'held', reason = 'restored', steps = steps + 1, due_at = $1,"
    " held_since = CASE WHEN state = 'queued' OR held_since IS NULL THEN $2 ELSE held_since END"
    " WHERE state IN ('queued', 'in_doubt', 'held')";

// the reader's

#define POSTERN_ENTRY_COLUMNS                                                                  \
  "id, app, domain, envelope, message_id, size, accepted_at, state, reason, due_at, attempts," \
  " last_reply, upstream_id, urgent, notice, held_since, held_ms, association"
inline constexpr std::string_view entry_by_id =
    "SELECT " POSTERN_ENTRY_COLUMNS " FROM entries WHERE id = $1";
#undef POSTERN_ENTRY_COLUMNS
inline constexpr std::string_view octets_by_id = "SELECT content FROM octets WHERE id = $1";
inline constexpr std::string_view due =
    "SELECT id, due_at FROM entries WHERE state = $1 AND app = $2 AND urgent = $3 AND due_at <= $4"
    " ORDER BY due_at";
inline constexpr std::string_view next_held_for =
    "SELECT domain, app FROM entries WHERE state = 'held' AND reason = $1"
    " AND (domain, app) > ($2, $3) ORDER BY domain, app LIMIT 1";
inline constexpr std::string_view held =
    "SELECT id FROM entries WHERE state = 'held' AND reason = $1 AND domain = $2 AND app = $3"
    " AND urgent = $4 AND id > $5 ORDER BY id";
inline constexpr std::string_view census =
    "SELECT state, app, urgent, count(*), sum(size), min(id) FROM entries"
    " GROUP BY state, app, urgent";
inline constexpr std::string_view held_count =
    "SELECT app, count(*) FROM entries WHERE state = 'held' AND reason = $1 AND domain >= ''"
    " GROUP BY domain, app";
/// The state is no plain column here, so that no index of it is taken, and then all of it sorted.
inline constexpr std::string_view oldest_unsettled =
    "SELECT id, accepted_at FROM entries WHERE id >= $1 AND state || '' IN ('queued', 'in_doubt')"
    " ORDER BY id LIMIT 1";
inline constexpr std::string_view outline =
    "SELECT id, app, domain, state, reason, accepted_at FROM entries WHERE id >= $1 ORDER BY id"
    " LIMIT $2";
/// Every entry has an event for as long as it is there.
inline constexpr std::string_view known_after = "SELECT min(id) FROM events WHERE id > $1";
inline constexpr std::string_view known_before = "SELECT max(id) FROM events WHERE id < $1";
inline constexpr std::string_view timeline =
    "SELECT at, kind, reason, detail FROM events WHERE id = $1 ORDER BY step";
inline constexpr std::string_view traceable_before = "SELECT max(id) FROM trace_keys WHERE id < $1";
inline constexpr std::string_view traced =
    "SELECT id FROM trace_keys WHERE id >= $1 AND id < $2 AND trace_key = $3"
    " AND ($4 = '' OR $4 = (SELECT app FROM entries WHERE entries.id = trace_keys.id))"
    " ORDER BY id DESC LIMIT $5";
inline constexpr std::string_view refusal_by_reference =
    "SELECT reference, at, app, domain, reason, detail FROM refusals WHERE reference = $1"
    " AND ($2 = '' OR app = $2) ORDER BY number DESC LIMIT $3";
inline constexpr std::string_view refusals_after =
    "SELECT reference, at, app, domain, reason, detail, number FROM refusals"
    " WHERE number > $1 AND number <= $2 ORDER BY number LIMIT $3";
inline constexpr std::string_view documents =
    "SELECT kind, name, version, body FROM documents ORDER BY kind, name";
inline constexpr std::string_view audit_page =
    "SELECT number, at, who, what, target, detail FROM audit WHERE number < $1"
    " ORDER BY number DESC LIMIT $2";
inline constexpr std::string_view audit_page_of =
    "SELECT number, at, who, what, target, detail FROM audit WHERE number < $1 AND target = $2"
    " ORDER BY number DESC LIMIT $3";
inline constexpr std::string_view suppressions_page =
    "SELECT app, address, record FROM suppressions WHERE (app, address) > ($1, $2)"
    " ORDER BY app, address LIMIT $3";
inline constexpr std::string_view was_reached =
    "SELECT 1 FROM reached WHERE app = $1 AND who = $2 AND day >= $3";
inline constexpr std::string_view cohorts_since =
    "SELECT hour, app, domain, sent, bounces, complaints FROM cohorts WHERE hour >= $1";
inline constexpr std::string_view tallies = "SELECT family, labels, count FROM tallies";

}  // namespace spool::sqlite::sql
