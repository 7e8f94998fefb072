#include "relay/delivery/scheduler.hpp"

#include "tests/unit/delivery/office.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace delivery;
using delivery::test::job;
using delivery::test::Office;
using spool::QueueId;
using spool::State;

namespace {

/// Held by hand for so long, and to be looked at now; of 14 days at most.
spool::Job held(std::int64_t id, const HeldClock& clock, std::chrono::hours since) {
  auto held = job(id);
  held.entry.state = State::held;
  held.entry.reason = policy::Reason::by_hand;
  held.entry.accepted_at = clock.now() - since;
  held.entry.held_since = clock.now() - since;
  return held;
}

struct Fixture : Office {
  Fixture() { report_to("owner@example.org"); }

  void put_held(std::int64_t id, std::chrono::hours since, const std::string& app = "shop") {
    auto entry = held(id, parts.clock, since);
    entry.entry.app = app;
    parts.store.put(entry);
  }
  /// Once each of them was looked at and put away.
  bool await_looked_at(std::int64_t last) {
    return parts.store.await([&](auto& rows) {
      return std::ranges::all_of(rows, [&](auto& row) {
        return row.first > last || (!row.second.leased && !row.second.changes.empty());
      });
    });
  }
  /// The reports that went with changes of these entries.
  std::vector<spool::Job> warnings(std::int64_t last) {
    std::vector<spool::Job> found;
    for (std::int64_t id = 1; id <= last; ++id)
      for (const spool::Change& change : parts.store.row(QueueId(id)).changes)
        if (change.notice) found.push_back(*change.notice);
    return found;
  }
};

bool has(const spool::Job& report, std::string_view wanted) {
  return report.octets->find(wanted) != std::string::npos;
}

}  // namespace

TEST_SUITE_BEGIN("relay/delivery/scheduler_warnings");

TEST_CASE("the site of mail held for half its time is warned, once for all of an app and reason") {
  Fixture office;
  for (int id = 1; id <= 40; ++id) office.put_held(id, 24h * 8);
  office.put_held(41, 24h * 8, "blog");
  office.put_held(42, 24h * 6);
  office.open();
  REQUIRE(office.await_looked_at(42));
  const auto warnings = office.warnings(42);
  REQUIRE(warnings.size() == 2);
  CHECK(warnings[0].entry.app == "shop");
  CHECK(has(warnings[0], "41 mails of the site are held back for the same reason"));
  CHECK(has(warnings[0], "To: owner@example.org"));
  CHECK(warnings[1].entry.app == "blog");
  CHECK_FALSE(has(warnings[1], "for the same reason"));
  for (const spool::Job& warning : warnings) {
    CHECK(warning.entry.notice);
    CHECK(office.parts.store.await_state(warning.entry.id, State::sent));
  }
  CHECK(office.parts.store.row(QueueId(1)).job.entry.state == State::held);
}

TEST_CASE("a warning is told of by the message's timeline, and kept with it over a restart") {
  Fixture before;
  before.put_held(1, 24h * 8);
  before.open();
  REQUIRE(before.await_looked_at(1));
  const auto changes = before.parts.store.row(QueueId(1)).changes;
  REQUIRE(changes.size() == 2);
  CHECK(changes[0].event.kind == policy::EventKind::held);
  CHECK_FALSE(changes[0].quiet);
  REQUIRE(changes[0].notice);
  CHECK(changes[0].event.detail.find(changes[0].notice->entry.id.text()) != std::string::npos);
  REQUIRE(changes[0].note);
  CHECK(changes[1].quiet);

  Fixture after;
  after.put_held(1, 24h * 8);
  after.put_held(2, 24h * 13 + 1h);
  after.open({{changes[0].note->name, changes[0].note->value}});
  REQUIRE(after.await_looked_at(2));
  CHECK(after.parts.store.row(QueueId(1)).changes.size() == 1);
  CHECK(after.warnings(2).size() == 1);  // the last day has come for the second
}

TEST_CASE("who is held by hand, or as long as the account is, is looked at when a warning is due") {
  Fixture office;
  office.put_held(1, 1h);
  office.put_held(2, 24h * 8);
  auto paused = held(3, office.parts.clock, 24h * 13 - 1h);
  paused.entry.reason = policy::Reason::account_paused;
  office.parts.store.put(paused);
  office.scheduler.start({{note_of(office.route), "account-paused \n"}});
  office.threads.start();
  REQUIRE(office.parts.store.await(
      [](auto& rows) { return !rows[1].changes.empty() && rows[2].changes.size() == 2; }));
  const auto look = [&](std::int64_t id) {
    const auto entry = office.parts.store.row(QueueId(id)).job.entry;
    return entry.next_attempt - *entry.held_since;
  };
  CHECK(look(1) == 24h * 7);
  CHECK(look(2) == 24h * 13);
}

TEST_CASE("a hold by an order is looked at when its warning is due, if not sooner") {
  Fixture office;
  office.rule([](smtp::RetryRules& rules) { rules.hold_expire = 6h; });
  auto deferred = job(1);
  deferred.entry.next_attempt += 600s;
  office.parts.store.put(deferred);
  office.open();
  spool::Order order;
  order.operation = spool::Operation::hold;
  order.now = office.parts.clock.now();
  order.until = order.now + 6h;
  office.scheduler.order(order, [](const spool::Ordered&) {});
  REQUIRE(office.parts.store.await_state(QueueId(1), State::held));
  CHECK(office.parts.store.row(QueueId(1)).job.entry.next_attempt == order.now + 3h);
}

TEST_CASE("nobody is warned of a report, without an address, or after a jump of the clock") {
  for (const int why : {1, 2, 3}) {
    CAPTURE(why);
    Fixture office;
    auto waiting = held(1, office.parts.clock, 24h * 8);
    waiting.entry.notice = why == 1;
    if (why == 2) office.report_to("");
    office.open();
    office.scheduler.look();
    office.catch_up();
    if (why == 3) office.parts.clock.jump(3600s);
    office.parts.store.put(waiting);
    office.scheduler.look();
    REQUIRE(office.await_looked_at(1));
    const auto row = office.parts.store.row(QueueId(1));
    CHECK(row.changes.size() == 1);
    CHECK(office.warnings(1).empty());
    CHECK((row.job.entry.next_attempt < office.parts.clock.now() + 1h) == (why == 3));
  }
}

TEST_CASE("a warning about blocked mail is not held by the block") {
  Fixture office;
  auto ring = std::make_shared<Keyring>(*office.keyring.get());
  ring->blocked.insert("shop");
  office.keyring.set(std::move(ring));
  auto blocked = held(1, office.parts.clock, 24h * 8);
  blocked.entry.reason = policy::Reason::blocked;
  office.parts.store.put(blocked);
  office.open();
  REQUIRE(office.await_looked_at(1));
  const auto warnings = office.warnings(1);
  REQUIRE(warnings.size() == 1);
  CHECK(office.parts.store.await_state(warnings[0].entry.id, State::sent));
  CHECK(office.parts.store.row(QueueId(1)).job.entry.state == State::held);
}

TEST_SUITE_END();
