#include "relay/delivery/scheduler.hpp"

#include "tests/unit/delivery/office.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <future>
#include <set>

using namespace std::chrono_literals;
using namespace delivery;
using delivery::test::broke;
using delivery::test::job;
using delivery::test::Office;
using delivery::test::replied;
using spool::QueueId;
using spool::State;

TEST_SUITE_BEGIN("relay/delivery/scheduler");

TEST_CASE(
    "what the store holds is delivered, each message once, over no more connections than allowed") {
  Office office(3);
  for (int id = 1; id <= 250; ++id) office.parts.store.put(job(id));
  office.open();
  REQUIRE(office.await_all(State::sent));
  const auto dots = office.script.taken();
  CHECK(dots.size() == 250);
  CHECK(std::set<std::string>(dots.begin(), dots.end()).size() == 250);
  CHECK(office.script.opened <= 3);
}

TEST_CASE(
    "what a session reserved and stored is delivered from memory, what it did not reserve from the "
    "store") {
  Office office;
  office.open();
  REQUIRE(office.ends(&Scheduler::drain));
  REQUIRE(office.scheduler.reserve({"shop", false}, job(1).entry.size));
  office.scheduler.deliver(job(1), true);
  REQUIRE(office.parts.store.await_state(QueueId(1), State::sent));
  office.parts.store.put(job(2));
  office.scheduler.deliver(job(2), false);
  REQUIRE(office.parts.store.await_state(QueueId(2), State::sent));
  CHECK(office.script.taken().size() == 2);
}

TEST_CASE(
    "an entry that falls due is not forgotten for an older answer of the store that names a later "
    "time") {
  Office office;
  office.parts.store.keep({.next_due = true});
  spool::Job later = job(1);
  later.entry.next_attempt += 1h;
  office.parts.store.put(later);
  office.open();
  REQUIRE(office.parts.store.await_kept(1));
  spool::Job soon = job(2);
  soon.entry.next_attempt += 50ms;
  office.parts.store.put(soon);
  office.scheduler.due(soon.entry.next_attempt);
  office.parts.store.answer_kept();
  CHECK(office.parts.store.await_state(QueueId(2), State::sent));
}

TEST_CASE("a message that cannot be signed does not hold up the others") {
  Office office(1);
  office.parts.store.put(job(1, "gone.example"));
  office.parts.store.put(job(2));
  office.open();
  REQUIRE(office.parts.store.await_state(QueueId(1), State::held));
  CHECK(office.parts.store.await_state(QueueId(2),
                                       State::sent));  // the clock stands: a pause would never end
}

TEST_CASE(
    "an upstream that does not let us in is asked again after a pause, not by the next message") {
  Attempt full = replied(421, "Too many concurrent SMTP connections", smtp::Phase::greeting);
  full.closing = true;
  for (const Attempt& said : {broke(smtp::Phase::connect), full}) {
    CAPTURE(said.trouble);
    Office office(1);
    office.script.refuse_opening = 1;
    office.script.at_opening = said;
    office.parts.store.put(job(1));
    office.parts.store.put(job(2));
    office.open();
    REQUIRE(office.parts.store.await([](auto& rows) { return rows[1].changes.size() == 1; }));
    office.catch_up();
    office.scheduler.look();
    office.catch_up();
    CHECK(office.parts.store.row(QueueId(2)).changes.empty());
    CHECK(office.script.opened == 1);
    office.parts.clock.move(5s);
    office.scheduler.look();
    CHECK(office.parts.store.await_state(QueueId(2), State::sent));
  }
}

TEST_CASE(
    "while the account is held all mail waits, one message asks now and then, and one that is "
    "taken "
    "opens the way") {
  Office office(4);
  const auto paused = replied(554, "Message rejected: Sending paused for this account.");
  office.script.outcomes = {paused, paused};
  office.parts.store.put(job(1));
  office.open();
  REQUIRE(office.parts.store.await_state(QueueId(1), State::held));
  office.catch_up();
  CHECK(office.scheduler.held("shop", "example.com") == policy::Reason::account_paused);
  for (int id = 2; id <= 20; ++id) office.parts.store.put(job(id));
  office.scheduler.look();
  REQUIRE(office.await_all(State::held));
  CHECK(office.script.taken().size() == 1);
  office.parts.clock.move(120s);
  office.scheduler.look();
  REQUIRE(office.script.await_dots(2));
  REQUIRE(office.await_all(State::held));
  office.catch_up();
  office.parts.clock.move(3600s);
  office.scheduler.look();
  CHECK(office.await_all(State::sent));
  CHECK_FALSE(office.scheduler.held("shop", "example.com"));
}

TEST_CASE("what is held for a reason that nobody holds any more goes out when it is looked at") {
  Office office;
  auto forgotten = job(1);
  forgotten.entry.state = State::held;
  forgotten.entry.held_since = office.parts.clock.now() - 4h;
  forgotten.entry.reason = policy::Reason::daily_quota;
  auto by_hand = forgotten;
  by_hand.entry.id = QueueId(2);
  by_hand.entry.reason = policy::Reason::by_hand;
  office.parts.store.put(forgotten);
  office.parts.store.put(by_hand);
  office.open();
  CHECK(office.parts.store.await_state(QueueId(1), State::sent));
  REQUIRE(office.parts.store.await([](auto& rows) { return !rows[2].changes.empty(); }));
  const auto row = office.parts.store.row(QueueId(2));
  CHECK(row.job.entry.state == State::held);
  CHECK(row.job.entry.next_attempt > office.parts.clock.now() + 24h);
}

TEST_CASE("the event of an attempt in doubt settles the entry while it waits to be sent again") {
  Office office(1, 2.0);
  office.parts.store.put(job(1));
  auto doubtful = job(2);
  doubtful.entry.state = State::in_doubt;
  office.open();
  REQUIRE(office.script.await_dots(1));
  office.parts.store.put(doubtful);
  office.scheduler.look();
  REQUIRE(office.parts.store.await([](auto& rows) { return !rows[2].changes.empty(); }));
  office.catch_up();
  settle_by_event(office.services, QueueId(2), "0200", [](bool) {});
  office.parts.clock.move(5s);
  office.scheduler.look();
  REQUIRE(office.parts.store.await_state(QueueId(2), State::sent));
  CHECK(office.script.taken().size() == 1);
}

TEST_CASE("an order reaches what waits in memory") {
  Office office(1, 2.0);
  for (int id = 1; id <= 10; ++id) office.parts.store.put(job(id));
  office.open();
  REQUIRE(office.script.await_dots(1));
  REQUIRE(office.parts.store.await([](auto& rows) { return rows[10].leased; }));
  office.catch_up();
  spool::Order order;
  order.operation = spool::Operation::hold;
  order.which.state = State::queued;
  order.now = office.parts.clock.now();
  order.until = order.now + 1h;
  std::promise<std::uint64_t> held;
  office.scheduler.order(order, [&](spool::Ordered done) { held.set_value(done.matched); });
  CHECK(held.get_future().get() == 9);
}

TEST_CASE("what an order sends again though SES may have it is counted") {
  Office office;
  auto doubtful = job(1);
  doubtful.entry.state = State::in_doubt;
  doubtful.entry.next_attempt += 900s;
  auto deferred = job(2);
  deferred.entry.next_attempt += 900s;
  office.parts.store.put(doubtful);
  office.parts.store.put(deferred);
  office.open();
  spool::Order order;
  order.operation = spool::Operation::retry;
  order.now = office.parts.clock.now();
  const auto counted = [&](const char* line) {
    return office.parts.metrics.text().find(line) != std::string::npos;
  };
  for (const bool trial : {true, false}) {
    CAPTURE(trial);
    order.dry_run = trial;
    std::promise<std::uint64_t> matched;
    office.scheduler.order(order, [&](spool::Ordered done) { matched.set_value(done.matched); });
    CHECK(matched.get_future().get() == 2);
    CHECK(counted(trial ? "postern_in_doubt_total{outcome=\"resent\"} 0\n"
                        : "postern_in_doubt_total{outcome=\"resent\"} 1\n"));
  }
  CHECK(office.await_all(State::sent));
}

TEST_CASE("what is under way counts toward the quota: its last tenth stays for urgent mail") {
  Office office;
  office.script.hang = true;
  office.route.account.told(AccountFigures{.quota = 10, .sent = 7}, {});
  for (int id = 1; id <= 4; ++id) office.parts.store.put(job(id));
  office.open();
  REQUIRE(office.script.await_dots(2));
  office.catch_up();
  CHECK(office.script.opened == 2);
  auto urgent = job(5);
  urgent.entry.urgent = true;
  office.parts.store.put(urgent);
  office.scheduler.look();
  CHECK(office.script.await_dots(3));
  CHECK(office.ends(&Scheduler::finish, true));
}

TEST_CASE("what was sent in the last day is known after a restart") {
  Office before;
  auto two = job(1);
  two.entry.envelope.forward_paths.emplace_back("carol@example.org");
  before.parts.store.put(two);
  before.parts.store.put(job(2));
  before.open();
  REQUIRE(before.await_all(State::sent));
  REQUIRE(before.parts.store.await_note("quota/default", " 3\n"));

  Office after;
  after.parts.clock.move(2h);
  after.scheduler.start({{"quota/default", before.parts.store.notes()["quota/default"]}});
  const auto now = after.parts.clock.monotonic();
  CHECK(after.route.account.sent_in_window(now) == 3);
  CHECK(after.route.account.sent_in_window(now + 21h) == 3);
  CHECK(after.route.account.sent_in_window(now + 23h) == 0);
}

TEST_CASE("a hold of the last run is known at once, and probed at once") {
  Office office;
  auto waiting = job(1);
  waiting.entry.state = State::held;
  waiting.entry.reason = policy::Reason::credentials;
  waiting.entry.next_attempt += 24h;
  office.parts.store.put(waiting);
  office.scheduler.start({{note_of(office.route), "credentials \n"}});
  CHECK(office.scheduler.held("shop", "example.com") == policy::Reason::credentials);
  office.threads.start();
  CHECK(office.await_all(State::sent));
}

TEST_CASE("a message that waited too long is given up with a report, unless the clock has jumped") {
  for (const bool jumped : {false, true}) {
    CAPTURE(jumped);
    Office office;
    office.report_to("owner@example.org");
    office.open();
    office.scheduler.look();
    office.catch_up();
    auto old = job(1);
    old.entry.accepted_at -= 72h;
    if (jumped) office.parts.clock.jump(24h * 3650);
    office.parts.store.put(jumped ? job(1) : old);
    office.scheduler.look();
    CHECK(office.parts.store.await_state(QueueId(1), jumped ? State::sent : State::failed));
    const auto last = office.parts.store.row(QueueId(1)).changes.back();
    CHECK(static_cast<bool>(last.notice) == !jumped);
    CHECK(office.services.clock_steady == !jumped);
  }
}

TEST_CASE(
    "an entry in doubt that no event has settled is sent again, or held where that is the rule") {
  for (const bool hold : {false, true}) {
    CAPTURE(hold);
    Office office;
    if (hold)
      office.rule([](smtp::RetryRules& rules) { rules.doubt.action = smtp::DoubtAction::hold; });
    auto doubtful = job(1);
    doubtful.entry.state = State::in_doubt;
    office.parts.store.put(doubtful);
    office.open();
    REQUIRE(office.parts.store.await_state(QueueId(1), hold ? State::held : State::sent));
    const auto first = office.parts.store.row(QueueId(1)).changes.front();
    CHECK(first.event.kind == (hold ? policy::EventKind::held : policy::EventKind::resent));
  }
}

TEST_CASE("what waits for a retry does not wait for a time that moved away") {
  Office office;
  auto deferred = job(1);
  deferred.entry.next_attempt += 600s;
  office.parts.store.put(deferred);
  office.open();
  office.scheduler.look();
  office.catch_up();
  office.parts.clock.jump(-24h * 3650);
  office.scheduler.look();
  CHECK(office.await_all(State::sent));
}

TEST_CASE("urgent mail and the mail of another app do not wait behind a flood") {
  Office office(1, 2.0);
  for (int id = 1; id <= 40; ++id) office.parts.store.put(job(id));
  office.open();
  REQUIRE(office.script.await_dots(1));
  auto urgent = job(100);
  urgent.entry.urgent = true;
  auto other = job(200);
  other.entry.app = "blog";
  office.parts.store.put(urgent);
  office.parts.store.put(other);
  office.scheduler.look();
  REQUIRE(
      office.parts.store.await([](auto& rows) { return rows[100].leased && rows[200].leased; }));
  office.catch_up();
  for (std::size_t dots = 2; dots <= 3; ++dots) {
    office.parts.clock.move(1s);
    office.scheduler.look();
    REQUIRE(office.script.await_dots(dots));
    office.catch_up();
  }
  const auto dots = office.script.taken();
  CHECK(dots[1] == QueueId(100).text());
  CHECK(dots[2] == QueueId(200).text());
}

TEST_CASE("the rate holds back what is over it until time passes") {
  Office office(4, 2.0);
  for (int id = 1; id <= 4; ++id) office.parts.store.put(job(id));
  office.open();
  for (std::size_t dots = 1; dots <= 4; ++dots) {
    REQUIRE(office.script.await_dots(dots));
    REQUIRE(office.parts.store.await(
        [](auto& rows) { return rows[4].leased || rows[4].job.entry.state == State::sent; }));
    office.catch_up();
    CHECK(office.script.taken().size() == dots);
    office.parts.clock.move(1s);
    office.scheduler.look();
  }
  CHECK(office.await_all(State::sent));
}

TEST_CASE("a drain ends also when the last attempt broke its connection") {
  Office office;
  office.script.outcomes = {broke(smtp::Phase::end_of_data, true)};
  office.parts.store.keep({.marks = true});
  office.parts.store.put(job(1));
  office.open();
  REQUIRE(office.parts.store.await_kept(1));
  auto over = std::make_shared<std::promise<void>>();
  office.scheduler.drain([over] { over->set_value(); });
  office.parts.store.answer_kept();
  CHECK(over->get_future().wait_for(10s) == std::future_status::ready);
}

TEST_CASE(
    "a stop ends what hangs, begins nothing more, and what was under way is queued as in doubt") {
  Office office(1);
  office.script.hang = true;
  office.parts.store.put(job(1));
  office.parts.store.put(job(2));
  office.open();
  REQUIRE(office.script.await_dots(1));
  REQUIRE(office.ends(&Scheduler::finish, true));
  REQUIRE(office.parts.store.await_state(QueueId(1), State::queued));
  CHECK(office.parts.store.row(QueueId(1)).changes.back().event.kind == policy::EventKind::resent);
  CHECK(office.parts.store.row(QueueId(2)).changes.empty());
  CHECK(office.script.taken().size() == 1);
}

TEST_CASE("a stop that has time finishes what is under way and begins nothing more") {
  Office office(1);
  office.parts.store.keep({.marks = true});
  office.parts.store.put(job(1));
  office.parts.store.put(job(2));
  office.open();
  REQUIRE(office.parts.store.await_kept(1));
  auto over = std::make_shared<std::promise<void>>();
  office.scheduler.finish([over] { over->set_value(); });
  office.catch_up();
  office.parts.store.answer_kept();
  CHECK(over->get_future().wait_for(20s) == std::future_status::ready);
  CHECK(office.parts.store.await_state(QueueId(1), State::sent));
  CHECK(office.parts.store.row(QueueId(2)).changes.empty());
}

TEST_CASE("a stop while nothing runs ends at once, and threads may end with deliveries under way") {
  Office idle;
  idle.open();
  CHECK(idle.ends(&Scheduler::finish));
  Office busy;  // its end is the test: AddressSanitizer looks on
  busy.script.hang = true;
  for (int id = 1; id <= 8; ++id) busy.parts.store.put(job(id));
  busy.open();
  CHECK(busy.script.await_dots(4));
}

TEST_SUITE_END();
