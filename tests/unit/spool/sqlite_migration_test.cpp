#include "relay/spool/envelope_record.hpp"
#include "relay/spool/sqlite_connection.hpp"
#include "relay/spool/sqlite_store.hpp"
#include "tests/unit/spool/asked.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace spool;
using namespace std::chrono_literals;
using asked::noon;
using policy::EventKind;

namespace {

/// The tables as version 1 made them.
constexpr const char* version_1 = R"(
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

/// What version 1 ran to accept a message.
constexpr const char* insert_of_version_1 =
    "INSERT INTO entries (id, app, domain, envelope, message_id, size, accepted_at, state, reason,"
    " due_at, attempts, last_reply, upstream_id, steps)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";

std::int64_t milliseconds(WallTime time) { return time.time_since_epoch() / 1ms; }

/// Stores a message as version 1 did.
void store_as_version_1(sqlite::Connection& connection, const Job& job, const char* state) {
  const auto& entry = job.entry;
  const auto envelope = encode(entry.envelope);
  const bool held = state == std::string_view("held");
  sqlite::Statement insert(connection, insert_of_version_1);
  REQUIRE(insert.run(entry.id.value(),
                     entry.app,
                     entry.domain,
                     sqlite::Blob{envelope},
                     entry.message_id,
                     static_cast<std::int64_t>(entry.size),
                     milliseconds(entry.accepted_at),
                     std::string_view(state),
                     held ? sqlite::MaybeText("signing") : std::nullopt,
                     milliseconds(entry.next_attempt),
                     std::int64_t{1},
                     std::string_view("451 later"),
                     std::string_view(),
                     std::int64_t{held ? 2 : 1}));
  sqlite::Statement octets(connection, "INSERT INTO octets (id, content) VALUES ($1, $2)");
  REQUIRE(octets.run(entry.id.value(), sqlite::Blob{*job.octets}));
  sqlite::Statement event(connection,
                          "INSERT INTO events (id, step, at, kind, detail) VALUES ($1, $2, $3, $4,"
                          " '')");
  REQUIRE(event.run(
      entry.id.value(), std::int64_t{1}, milliseconds(noon), std::string_view("accepted")));
  if (!held) return;
  REQUIRE(event.run(
      entry.id.value(), std::int64_t{2}, milliseconds(noon + 1min), std::string_view("held")));
}

sqlite::Connection open_file(const std::filesystem::path& directory) {
  auto connection = sqlite::Connection::open(directory / "spool.sqlite", "");
  return std::move(connection.value());
}

/// A spool as version 1 left it: one queued, one held, one in doubt.
void make_version_1(const std::filesystem::path& directory) {
  REQUIRE(sqlite::create_file(directory / "spool.sqlite").has_value());
  auto connection = open_file(directory);
  REQUIRE(connection.execute("PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL"));
  REQUIRE(connection.execute(version_1));
  REQUIRE(
      connection.execute("INSERT INTO meta VALUES ('schema', '1'), ('schema_needs', '1'),"
                         " ('trace_secret', 'abc')"));
  const char* states[] = {"queued", "held", "in_doubt"};
  for (std::uint32_t i = 0; i < 3; ++i)
    store_as_version_1(connection, asked::message(i), states[i]);
}

std::string meta(const std::filesystem::path& directory, std::string_view name) {
  auto connection = open_file(directory);
  sqlite::Statement get(connection, "SELECT value FROM meta WHERE name = $1");
  sqlite::Rows rows(get, name);
  return rows.next() ? std::string(rows.text(0)) : "";
}

QueueId id(std::uint32_t number) { return asked::message(number).entry.id; }

}  // namespace

TEST_SUITE("relay/spool/sqlite_migration") {
  TEST_CASE("a spool of version 1 is brought up to date with all that is in it") {
    const asked::TempDir temp;
    make_version_1(temp.path());
    for (int opening = 0; opening < 2; ++opening) {
      CAPTURE(opening);
      auto [store, recovery] = asked::open(asked::options_in(temp.path()));
      CHECK(recovery.queued == 1);
      CHECK(recovery.held == 1);
      CHECK(recovery.in_doubt == 1);
      CHECK(asked::entry(*store, id(1))->held_since == noon + 1min);
      CHECK_FALSE(asked::entry(*store, id(0))->held_since);
      CHECK(store->load("shop").messages == 3);
      CHECK(store->load("shop").octets == 3 * asked::message(0).entry.size);
      const auto jobs = asked::lease(*store);
      REQUIRE(jobs.size() == 3);
      for (const auto& job : jobs) {
        CHECK_FALSE(job.entry.urgent);
        CHECK_FALSE(job.entry.notice);
        CHECK(job.entry.last_reply == "451 later");
        CHECK(job.octets->size() == job.entry.size);
      }
      store->close();
      CHECK(meta(temp.path(), "schema") == "4");
      CHECK(meta(temp.path(), "schema_needs") == "1");
    }
  }

  TEST_CASE(
      "version 1 can still work on the tables of this version, and what it stores is delivered") {
    const asked::TempDir temp;
    make_version_1(temp.path());
    { auto opened = asked::open(asked::options_in(temp.path())); }
    {
      auto connection = open_file(temp.path());
      store_as_version_1(connection, asked::message(7), "queued");
      sqlite::Statement update(
          connection,
          "UPDATE entries SET state = $1, reason = $2, due_at = $3, attempts = $4, last_reply = $5,"
          " upstream_id = $6, steps = $7 WHERE id = $8");
      REQUIRE(update.run(std::string_view("queued"),
                         sqlite::MaybeText(),
                         milliseconds(noon),
                         std::int64_t{0},
                         std::string_view(),
                         std::string_view(),
                         std::int64_t{3},
                         id(1).value()));
    }
    auto [store, recovery] = asked::open(asked::options_in(temp.path()));
    CHECK(recovery.queued == 3);
    CHECK_FALSE(asked::entry(*store, id(1))->held_since);
    CHECK(asked::lease(*store).size() == 4);
  }

  TEST_CASE("a migration that cannot be finished leaves version 1 as it was") {
    const asked::TempDir temp;
    make_version_1(temp.path());
    {
      auto connection = open_file(temp.path());  // in the way of the new index
      REQUIRE(connection.execute("CREATE TABLE entries_held (id INTEGER)"));
    }
    const auto refused = open_sqlite(asked::options_in(temp.path()), noon);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().sentence().ends_with("."));
    CHECK(meta(temp.path(), "schema") == "1");
    auto connection = open_file(temp.path());
    REQUIRE(connection.execute("DROP TABLE entries_held"));
    CHECK(open_sqlite(asked::options_in(temp.path()), noon).has_value());
  }
}
