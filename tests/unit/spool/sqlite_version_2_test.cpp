#include "relay/spool/backup.hpp"
#include "relay/spool/envelope_record.hpp"
#include "relay/spool/sqlite_connection.hpp"
#include "relay/spool/sqlite_store.hpp"
#include "tests/unit/spool/asked.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace spool;
using namespace std::chrono_literals;
using asked::noon;

namespace {

/// The tables as version 2 made them.
constexpr const char* version_2 = R"(
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
  fingerprint BLOB
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
CREATE INDEX entries_by_lane ON entries (state, app, urgent, due_at, size);
CREATE INDEX entries_held ON entries (reason, domain, app, urgent) WHERE state = 'held';
CREATE INDEX entries_failed ON entries (due_at) WHERE state = 'failed' AND envelope IS NOT NULL;
)";

// What version 2 ran to accept a message, to change it and to read it.
constexpr const char* insert_of_version_2 =
    "INSERT INTO entries (id, app, domain, envelope, message_id, size, accepted_at, state, reason,"
    " due_at, attempts, last_reply, upstream_id, steps, urgent, notice, held_since, held_ms,"
    " fingerprint)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,"
    " $19)";
constexpr const char* update_of_version_2 =
    "UPDATE entries SET state = $1, reason = $2, due_at = $3, attempts = $4, last_reply = $5,"
    " upstream_id = $6, steps = $7, held_since = $8, held_ms = $9 WHERE id = $10";
constexpr const char* read_of_version_2 =
    "SELECT id, app, domain, envelope, message_id, size, accepted_at, state, reason, due_at,"
    " attempts, last_reply, upstream_id, urgent, notice, held_since, held_ms FROM entries"
    " WHERE id = $1";

std::int64_t milliseconds(WallTime time) { return time.time_since_epoch() / 1ms; }

/// Stores a message as version 2 did: queued.
void store_as_version_2(sqlite::Connection& connection, const Job& job) {
  const auto& entry = job.entry;
  const auto envelope = encode(entry.envelope);
  sqlite::Statement insert(connection, insert_of_version_2);
  REQUIRE(insert.run(entry.id.value(),
                     entry.app,
                     entry.domain,
                     sqlite::Blob{envelope},
                     entry.message_id,
                     static_cast<std::int64_t>(entry.size),
                     milliseconds(entry.accepted_at),
                     std::string_view("queued"),
                     sqlite::MaybeText(),
                     milliseconds(entry.next_attempt),
                     std::int64_t{1},
                     std::string_view("451 later"),
                     std::string_view(),
                     std::int64_t{1},
                     std::int64_t{1},
                     std::int64_t{0},
                     sqlite::MaybeInteger(),
                     std::int64_t{5},
                     sqlite::MaybeBlob()));
  sqlite::Statement octets(connection, "INSERT INTO octets (id, content) VALUES ($1, $2)");
  REQUIRE(octets.run(entry.id.value(), sqlite::Blob{*job.octets}));
  sqlite::Statement event(connection,
                          "INSERT INTO events (id, step, at, kind, reason, detail)"
                          " VALUES ($1, $2, $3, $4, $5, $6)");
  REQUIRE(event.run(entry.id.value(),
                    std::int64_t{1},
                    milliseconds(noon),
                    std::string_view("accepted"),
                    sqlite::MaybeText(),
                    std::string_view()));
}

sqlite::Connection open_file(const std::filesystem::path& directory) {
  auto connection = sqlite::Connection::open(directory / "spool.sqlite", "");
  return std::move(connection.value());
}

/// A spool as version 2 left it, with two urgent messages queued.
void make_version_2(const std::filesystem::path& directory) {
  REQUIRE(sqlite::create_file(directory / "spool.sqlite").has_value());
  auto connection = open_file(directory);
  REQUIRE(connection.execute("PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL"));
  REQUIRE(connection.execute(version_2));
  REQUIRE(
      connection.execute("INSERT INTO meta VALUES ('schema', '2'), ('schema_needs', '1'),"
                         " ('trace_secret', 'abc'), ('note feed', 'tags')"));
  for (std::uint32_t i = 0; i < 2; ++i) store_as_version_2(connection, asked::message(i));
}

std::string meta(const std::filesystem::path& directory, std::string_view name) {
  auto connection = open_file(directory);
  sqlite::Statement get(connection, "SELECT value FROM meta WHERE name = $1");
  sqlite::Rows rows(get, name);
  return rows.next() ? std::string(rows.text(0)) : "";
}

QueueId id(std::uint32_t number) { return asked::message(number).entry.id; }

}  // namespace

TEST_SUITE("relay/spool/sqlite_version_2") {
  TEST_CASE("a spool of version 2 is brought up to date, and takes documents") {
    const asked::TempDir temp;
    make_version_2(temp.path());
    for (std::uint64_t opening = 0; opening < 2; ++opening) {
      CAPTURE(opening);
      auto [store, recovery] = asked::open(asked::options_in(temp.path()));
      CHECK(recovery.queued == 2);
      CHECK(recovery.notes.at("feed") == "tags");
      CHECK(recovery.documents.size() == opening);
      CHECK(asked::entry(*store, id(1))->association == 0);
      CHECK(asked::entry(*store, id(1))->urgent);
      CHECK(asked::entry(*store, id(1))->held == 5ms);
      CHECK(asked::lease(*store).size() == 2);
      CHECK(asked::write(*store, {{"app", "shop", "{}", opening}}, asked::done_to("shop")) ==
            Written::stored);
      CHECK(asked::audit(*store).size() == opening + 1);
      store->close();
      CHECK(meta(temp.path(), "schema") == "4");
      CHECK(meta(temp.path(), "schema_needs") == "1");
    }
  }

  TEST_CASE("version 2 can work on the tables of this version, and what it does not know stays") {
    const asked::TempDir temp;
    auto ours = asked::message(5);
    ours.entry.association = 7;
    {
      auto [store, recovery] = asked::open(asked::options_in(temp.path()));
      REQUIRE(asked::accept(*store, ours) == Accepted::stored);
      REQUIRE(asked::write(*store, {{"app", "shop", "{}", 0}}) == Written::stored);
    }
    {
      auto connection = open_file(temp.path());
      store_as_version_2(connection, asked::message(6));
      sqlite::Statement update(connection, update_of_version_2);
      REQUIRE(update.run(std::string_view("held"),
                         sqlite::MaybeText("signing"),
                         milliseconds(noon + 1h),
                         std::int64_t{2},
                         std::string_view(),
                         std::string_view(),
                         std::int64_t{1},
                         sqlite::MaybeInteger(milliseconds(noon)),
                         std::int64_t{0},
                         id(5).value()));
      sqlite::Statement read(connection, read_of_version_2);
      sqlite::Rows rows(read, id(5).value());
      REQUIRE(rows.next());
      CHECK(rows.text(1) == ours.entry.app);
    }
    auto [store, recovery] = asked::open(asked::options_in(temp.path()));
    CHECK(recovery.queued == 1);
    CHECK(recovery.held == 1);
    CHECK(asked::told(recovery.documents) == "app/shop 1 {}");
    CHECK(asked::entry(*store, id(5))->association == 7);
    const auto jobs = asked::lease(*store);
    REQUIRE(jobs.size() == 1);
    CHECK(jobs.front().entry.id == id(6));
    CHECK(jobs.front().entry.association == 0);
  }

  TEST_CASE("a migration that cannot be finished leaves version 2 as it was") {
    const asked::TempDir temp;
    make_version_2(temp.path());
    {
      auto connection = open_file(temp.path());  // in the way of the new index
      REQUIRE(connection.execute("CREATE TABLE audit_by_time (id INTEGER)"));
    }
    REQUIRE_FALSE(open_sqlite(asked::options_in(temp.path()), noon).has_value());
    CHECK(meta(temp.path(), "schema") == "2");
    auto connection = open_file(temp.path());
    sqlite::Statement none(connection, "SELECT count(*) FROM sqlite_master WHERE name = 'audit'");
    {
      sqlite::Rows rows(none);
      REQUIRE(rows.next());
      CHECK(rows.integer(0) == 0);
    }
    REQUIRE(connection.execute("DROP TABLE audit_by_time"));
    CHECK(open_sqlite(asked::options_in(temp.path()), noon).has_value());
  }

  TEST_CASE("a backup that version 2 made can be restored") {
    const asked::TempDir temp;
    const asked::TempDir target;
    make_version_2(temp.path());
    const auto held = restore(temp.path() / "spool.sqlite", target.path(), noon, noon + 1h);
    REQUIRE(held.has_value());
    CHECK(*held == 2);
    CHECK(asked::open(asked::options_in(target.path())).recovery.held == 2);
  }
}
