#pragma once

#include <string_view>

/// Every statement of the spool's SQLite form. Where it costs nothing they are what PostgreSQL also
/// runs: placeholders are numbered, limits stand in selects, no SQLite function is called; types,
/// WITHOUT ROWID and STRICT are SQLite's.
namespace spool::sqlite::sql {

/// Version 1. `due_at` is the one time an index orders by: when a queued or held entry is looked at
/// again, when a sent or failed one ended. `envelope` is NULL once the content is gone. `step`
/// numbers an entry's events from 1. Trace keys lie beside each other by entry, so that accepting
/// touches few pages, and a trace reads through them (half the pages of a commit were theirs when
/// they lay by key). Times are Unix milliseconds.
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
  steps INTEGER NOT NULL
) STRICT;
CREATE INDEX entries_by_due ON entries (state, due_at);
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

inline constexpr std::string_view table_exists =
    "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = $1";
inline constexpr std::string_view put_meta = "INSERT INTO meta (name, value) VALUES ($1, $2)";
inline constexpr std::string_view get_meta = "SELECT value FROM meta WHERE name = $1";
inline constexpr std::string_view touch_meta = "UPDATE meta SET value = value WHERE name = $1";

// the writer's

inline constexpr std::string_view insert_entry =
    "INSERT INTO entries (id, app, domain, envelope, message_id, size, accepted_at, state, reason,"
    " due_at, attempts, last_reply, upstream_id, steps)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
inline constexpr std::string_view insert_octets =
    "INSERT INTO octets (id, content) VALUES ($1, $2)";
inline constexpr std::string_view insert_event =
    "INSERT INTO events (id, step, at, kind, reason, detail) VALUES ($1, $2, $3, $4, $5, $6)";
inline constexpr std::string_view insert_trace_key =
    "INSERT INTO trace_keys (id, trace_key) VALUES ($1, $2) ON CONFLICT DO NOTHING";
inline constexpr std::string_view standing =
    "SELECT state, reason, steps FROM entries WHERE id = $1";
inline constexpr std::string_view update_entry =
    "UPDATE entries SET state = $1, reason = $2, due_at = $3, attempts = $4, last_reply = $5,"
    " upstream_id = $6, steps = $7 WHERE id = $8";
inline constexpr std::string_view close_entry =
    "UPDATE entries SET state = $1, reason = $2, due_at = $3, attempts = $4, last_reply = $5,"
    " upstream_id = $6, steps = $7, envelope = NULL WHERE id = $8";
inline constexpr std::string_view delete_octets = "DELETE FROM octets WHERE id = $1";
inline constexpr std::string_view insert_refusal =
    "INSERT INTO refusals (number, reference, at, app, domain, reason, detail)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7)";
inline constexpr std::string_view last_refusal = "SELECT coalesce(max(number), 0) FROM refusals";
inline constexpr std::string_view trim_refusals = "DELETE FROM refusals WHERE number <= $1";

// what is past its retention, a bounded number at a time

inline constexpr std::string_view expired_entries =
    "SELECT id, state, reason FROM entries WHERE state = $1 AND due_at < $2 ORDER BY due_at LIMIT "
    "$3";
inline constexpr std::string_view expired_content =
    "SELECT id FROM entries WHERE state = 'failed' AND due_at < $1 AND envelope IS NOT NULL LIMIT "
    "$2";
inline constexpr std::string_view delete_entry = "DELETE FROM entries WHERE id = $1";
inline constexpr std::string_view delete_events = "DELETE FROM events WHERE id = $1";
inline constexpr std::string_view clear_envelope =
    "UPDATE entries SET envelope = NULL WHERE id = $1";
inline constexpr std::string_view delete_trace_keys = "DELETE FROM trace_keys WHERE id = $1";
inline constexpr std::string_view delete_refusals =
    "DELETE FROM refusals WHERE number IN"
    " (SELECT number FROM refusals WHERE at < $1 ORDER BY number LIMIT $2)";

// the reader's

#define POSTERN_ENTRY_COLUMNS                                                                  \
  "id, app, domain, envelope, message_id, size, accepted_at, state, reason, due_at, attempts," \
  " last_reply, upstream_id"
inline constexpr std::string_view entry_by_id =
    "SELECT " POSTERN_ENTRY_COLUMNS " FROM entries WHERE id = $1";
#undef POSTERN_ENTRY_COLUMNS
inline constexpr std::string_view octets_by_id = "SELECT content FROM octets WHERE id = $1";
inline constexpr std::string_view due =
    "SELECT id, due_at FROM entries WHERE state = $1 AND due_at <= $2 ORDER BY due_at";
inline constexpr std::string_view in_doubt = "SELECT id FROM entries WHERE state = 'in_doubt'";
inline constexpr std::string_view census =
    "SELECT state, count(*), min(id) FROM entries GROUP BY state";
inline constexpr std::string_view held_census =
    "SELECT reason, count(*) FROM entries WHERE state = 'held' GROUP BY reason";
inline constexpr std::string_view oldest_unsettled =
    "SELECT id, accepted_at FROM entries WHERE id >= $1 AND state IN ('queued', 'in_doubt')"
    " ORDER BY id LIMIT 1";
inline constexpr std::string_view outline =
    "SELECT id, app, domain, state, reason FROM entries WHERE id > $1 ORDER BY id LIMIT $2";
inline constexpr std::string_view timeline =
    "SELECT at, kind, reason, detail FROM events WHERE id = $1 ORDER BY step";
inline constexpr std::string_view traceable_before = "SELECT max(id) FROM trace_keys WHERE id < $1";
inline constexpr std::string_view traced =
    "SELECT id FROM trace_keys WHERE id >= $1 AND id < $2 AND trace_key = $3"
    " ORDER BY id DESC LIMIT $4";
inline constexpr std::string_view refusal_by_reference =
    "SELECT reference, at, app, domain, reason, detail FROM refusals WHERE reference = $1"
    " ORDER BY number DESC LIMIT $2";

}  // namespace spool::sqlite::sql
