#include "relay/delivery/scheduler.hpp"

#include "tests/unit/delivery/scripted_upstream.hpp"

#include <doctest/doctest.h>

#include <boost/asio/post.hpp>

#include <algorithm>
#include <future>
#include <set>

using namespace std::chrono_literals;
using namespace delivery;
using delivery::test::broke;
using delivery::test::job;
using delivery::test::replied;
using spool::QueueId;
using spool::State;

namespace {

struct Office : test::Yard {
  using test::Yard::Yard;
  ~Office() {
    threads.stop_and_join();
    parts.store.close();
  }
  Scheduler scheduler{services, threads, [this](net::asio::any_io_executor executor) {
                        return std::make_unique<test::ScriptedUpstream>(std::move(executor),
                                                                        script);
                      }};

  void open() {
    scheduler.start();
    threads.start();
  }
  bool await_all(State state) {
    return parts.store.await([&](auto& rows) {
      return std::ranges::all_of(
          rows, [&](const auto& row) { return row.second.job.entry.state == state; });
    });
  }
  /// Until the scheduler, and couriers on its thread, have done what was posted; repeatedly, for
  /// what that posts.
  void catch_up() {
    for (int i = 0; i < 3; ++i) {
      std::promise<void> reached;
      net::asio::post(threads.context(0), [&reached] { reached.set_value(); });
      reached.get_future().wait();
    }
  }
  /// Whether drain() or stop() comes to its end.
  bool ends(void (Scheduler::*how)(std::function<void()>)) {
    auto over = std::make_shared<std::promise<void>>();
    (scheduler.*how)([over] { over->set_value(); });
    return over->get_future().wait_for(20s) == std::future_status::ready;
  }
};

}  // namespace

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
    "a reservation that is refused takes nothing: after all is given back as much fits as before") {
  Office office;
  office.open();
  REQUIRE(office.ends(&Scheduler::drain));  // the store was looked through: no backlog
  for (std::size_t i = 0; i < Scheduler::most_jobs; ++i) REQUIRE(office.scheduler.reserve(100));
  for (int i = 0; i < 3; ++i) CHECK_FALSE(office.scheduler.reserve(100));
  for (std::size_t i = 0; i < Scheduler::most_jobs; ++i) office.scheduler.unreserve(100);
  CHECK_FALSE(office.scheduler.reserve(Scheduler::most_octets + 1));
  CHECK(office.scheduler.reserve(Scheduler::most_octets));
  CHECK_FALSE(office.scheduler.reserve(1));
  office.scheduler.unreserve(Scheduler::most_octets);
  office.parts.store.put(job(1));
  office.scheduler.look();
  CHECK(office.await_all(State::sent));
}

TEST_CASE(
    "what a session reserved and stored is delivered from memory, what it did not reserve from the "
    "store") {
  Office office;
  office.open();
  REQUIRE(office.ends(&Scheduler::drain));
  REQUIRE(office.scheduler.reserve(job(1).entry.size));
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
    "while the account is held one message at a time asks, and one that is taken opens the way") {
  Office office(4);
  const auto paused = replied(554, "Access denied: Sending paused for this account.");
  office.script.outcomes = {paused};
  office.scheduler.start();
  office.parts.store.put(job(1));
  office.threads.start();
  REQUIRE(office.parts.store.await_state(QueueId(1), State::held));
  office.catch_up();
  for (int id = 2; id <= 20; ++id) office.parts.store.put(job(id));
  office.scheduler.look();
  REQUIRE(office.parts.store.await([](auto& rows) { return rows[20].leased; }));
  office.catch_up();
  CHECK(office.script.taken().size() == 1);
  office.parts.clock.move(3600s);
  office.scheduler.look();
  CHECK(office.parts.store.await([](auto& rows) {
    return std::ranges::all_of(rows, [](auto& row) {
      return row.second.job.entry.state == (row.first == 1 ? State::held : State::sent);
    });
  }));
}

TEST_CASE("the rate holds back what is over it until time passes") {
  Office office(4, 2.0);
  for (int id = 1; id <= 4; ++id) office.parts.store.put(job(id));
  office.open();
  REQUIRE(office.script.await_dots(2));
  REQUIRE(office.parts.store.await([](auto& rows) { return rows[4].leased; }));
  office.catch_up();
  CHECK(office.script.taken().size() == 2);
  office.parts.clock.move(1s);
  office.scheduler.look();
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
  REQUIRE(office.ends(&Scheduler::stop));
  REQUIRE(office.parts.store.await_state(QueueId(1), State::queued));
  CHECK(office.parts.store.row(QueueId(1)).changes.back().event.kind == policy::EventKind::resent);
  CHECK(office.parts.store.row(QueueId(2)).changes.empty());
  CHECK(office.script.taken().size() == 1);
}

TEST_CASE("a stop while nothing runs ends at once, and threads may end with deliveries under way") {
  Office idle;
  idle.open();
  CHECK(idle.ends(&Scheduler::stop));
  Office busy;  // its end is the test: AddressSanitizer looks on
  busy.script.hang = true;
  for (int id = 1; id <= 8; ++id) busy.parts.store.put(job(id));
  busy.open();
  CHECK(busy.script.await_dots(4));
}

TEST_SUITE_END();
