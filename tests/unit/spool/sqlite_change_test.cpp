#include "relay/spool/sqlite_store.hpp"
#include "tests/unit/spool/asked.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <limits>
#include <memory>
#include <thread>

using namespace spool;
using namespace std::chrono_literals;
using asked::noon;
using policy::EventKind;

namespace {

constexpr std::uint8_t bit(State state) {
  return static_cast<std::uint8_t>(1U << static_cast<unsigned>(state));
}

QueueId id(std::uint32_t number) { return asked::message(number).entry.id; }

/// The upstream's own event: it has the message.
Change settled(QueueId id) {
  auto change = asked::change(id, State::sent, EventKind::settled);
  change.only_from = bit(State::in_doubt) | bit(State::queued) | bit(State::held);
  return change;
}

Change hold(QueueId id, WallTime at, WallTime until) {
  auto change = asked::change(id, State::held, EventKind::held, at);
  change.next_attempt = until;
  change.reason = policy::Reason::signing;
  return change;
}

Change expire_with_notice(QueueId id, std::uint32_t notice) {
  auto job = std::make_shared<Job>(asked::message(notice, 500));
  job->entry.notice = true;
  job->entry.app = "postern";
  auto change = asked::change(id, State::failed, EventKind::expired);
  change.notice = std::move(job);
  return change;
}

}  // namespace

TEST_SUITE("relay/spool/sqlite_change") {
  TEST_CASE("a change ends the lease unless it says that it keeps it") {
    const asked::TempDir temp;
    auto [store, recovery] = asked::open(asked::options_in(temp.path()));
    REQUIRE(asked::accept(*store, asked::message(1), true) == Accepted::stored);
    REQUIRE(asked::change(*store, asked::mark(id(1))));
    CHECK(asked::lease(*store).empty());
    auto lost = asked::mark(id(1), noon + 1min);  // the reply was lost: wait for an event
    lost.keeps_lease = false;
    REQUIRE(asked::change(*store, lost));
    CHECK(asked::lease(*store).empty());
    CHECK(asked::next_due(*store) == noon + 1min);
    const auto due = asked::lease(*store, noon + 1min);
    REQUIRE(due.size() == 1);
    CHECK(due.front().entry.state == State::in_doubt);
  }

  TEST_CASE("an event settles what is free and stands where it may, and nothing else") {
    const asked::TempDir temp;
    auto [store, recovery] = asked::open(asked::options_in(temp.path()));
    for (std::uint32_t i = 0; i < 5; ++i)
      REQUIRE(asked::accept(*store, asked::message(i), i < 2) == Accepted::stored);
    REQUIRE(asked::change(*store, asked::mark(id(0))));
    CHECK_FALSE(asked::change(*store, settled(id(0))));  // leased
    CHECK_FALSE(asked::change(*store, settled(id(1))));
    CHECK(asked::lease(*store).size() == 3);  // the leases have not ended by it
    auto lost = asked::mark(id(0), noon + 1h);
    lost.keeps_lease = false;
    REQUIRE(asked::change(*store, lost));
    CHECK(asked::change(*store, settled(id(0))));
    CHECK(asked::timeline(*store, id(0)) == "accepted in_doubt in_doubt settled");
    CHECK_FALSE(asked::octets(*store, id(0)));
    REQUIRE(asked::change(*store, asked::change(id(2), State::failed, EventKind::failed)));
    CHECK_FALSE(asked::change(*store, settled(id(2))));
    REQUIRE(asked::change(*store, hold(id(3), noon, noon + 1h)));
    CHECK(asked::change(*store, settled(id(3))));
    CHECK_FALSE(asked::change(*store, settled(id(3))));  // sent already
    CHECK_FALSE(asked::change(*store, settled(QueueId(7))));
  }

  TEST_CASE("a hold lasts over its probes, and its time does not count as age") {
    const asked::TempDir temp;
    auto [store, recovery] = asked::open(asked::options_in(temp.path()));
    REQUIRE(asked::accept(*store, asked::message(1)) == Accepted::stored);
    const auto now = [&] { return *asked::entry(*store, id(1)); };
    REQUIRE(asked::change(*store, hold(id(1), noon + 1min, noon + 2min)));
    CHECK(now().held_since == noon + 1min);
    CHECK(unheld_age(now(), noon + 5min) == 1min);
    const auto probe = asked::lease(*store, noon + 2min);
    REQUIRE(probe.size() == 1);
    CHECK(probe.front().entry.held_since == noon + 1min);
    REQUIRE(asked::change(*store, asked::mark(id(1))));
    CHECK(now().held_since == noon + 1min);
    REQUIRE(asked::change(*store, hold(id(1), noon + 3min, noon + 4min)));
    CHECK(now().held_since == noon + 1min);
    REQUIRE(asked::change(*store,
                          asked::change(id(1), State::queued, EventKind::released, noon + 11min)));
    CHECK_FALSE(now().held_since);
    CHECK(now().held == 10min);
    CHECK(unheld_age(now(), noon + 13min) == 3min);
    REQUIRE(asked::change(*store, hold(id(1), noon + 13min, noon + 20min)));
    REQUIRE(asked::change(*store,
                          asked::change(id(1), State::failed, EventKind::expired, noon + 14min)));
    CHECK(now().held == 11min);
  }

  TEST_CASE("an entry and a notice keep the association under which they were accepted") {
    const asked::TempDir temp;
    constexpr auto large = std::numeric_limits<std::uint64_t>::max();
    {
      auto [store, recovery] = asked::open(asked::options_in(temp.path()));
      for (const auto association : {std::uint64_t{7}, large}) {
        auto job = asked::message(association == 7 ? 0 : 1);
        job.entry.association = association;
        REQUIRE(asked::accept(*store, job) == Accepted::stored);
      }
      auto expired = expire_with_notice(id(1), 2);
      auto notice = *expired.notice;
      notice.entry.association = 8;
      expired.notice = std::make_shared<const Job>(notice);
      REQUIRE(asked::change(*store, expired));
      REQUIRE(asked::accept(*store, asked::message(3)) == Accepted::stored);
    }
    auto [store, recovery] = asked::open(asked::options_in(temp.path()));
    const auto listed = asked::list(*store);
    REQUIRE(listed.size() == 4);
    CHECK(listed[0].association == 7);
    CHECK(listed[1].association == large);
    CHECK(listed[2].association == 8);
    CHECK(listed[3].association == 0);
    CHECK(asked::entry(*store, id(1))->association == large);
    for (const auto& job : asked::lease(*store))
      CHECK(job.entry.association == (job.entry.id == id(0) ? 7 : job.entry.id == id(2) ? 8 : 0));
  }

  TEST_CASE("a message that is accepted as held is held from its accept on") {
    const asked::TempDir temp;
    auto [store, recovery] = asked::open(asked::options_in(temp.path()));
    auto job = asked::urgent(1, "anna@example.org");
    job.entry.state = State::held;
    job.entry.reason = policy::Reason::paced;
    job.entry.next_attempt = noon + 1h;
    REQUIRE(asked::accept(*store, job) == Accepted::stored);
    const auto entry = asked::entry(*store, id(1));
    CHECK(entry->held_since == noon);
    CHECK(entry->urgent);
    CHECK(unheld_age(*entry, noon + 1h) == 0ms);
  }

  TEST_CASE("a clock that went back gives a negative age and no negative hold") {
    const asked::TempDir temp;
    auto [store, recovery] = asked::open(asked::options_in(temp.path()));
    REQUIRE(asked::accept(*store, asked::message(1)) == Accepted::stored);
    REQUIRE(asked::change(*store, hold(id(1), noon + 1h, noon + 2h)));
    CHECK(unheld_age(*asked::entry(*store, id(1)), noon - 1h) == -1h);
    REQUIRE(asked::change(*store, asked::change(id(1), State::queued, EventKind::released, noon)));
    CHECK(asked::entry(*store, id(1))->held == 0ms);
  }

  TEST_CASE("a notice comes with the change that it tells of, free to be delivered") {
    const asked::TempDir temp;
    auto [store, recovery] = asked::open(asked::options_in(temp.path()));
    REQUIRE(asked::accept(*store, asked::message(1), true) == Accepted::stored);
    REQUIRE(asked::change(*store, expire_with_notice(id(1), 2)));
    CHECK(asked::timeline(*store, id(1)) == "accepted expired");
    CHECK(asked::timeline(*store, id(2)) == "accepted");
    const auto leased = asked::lease(*store);
    REQUIRE(leased.size() == 1);
    CHECK(leased.front().entry.id == id(2));
    CHECK(leased.front().entry.notice);
    CHECK(*leased.front().octets == *asked::message(2, 500).octets);
    CHECK(store->load("postern").messages == 1);
    CHECK(asked::trace(*store, "user2@example.net").size() == 1);
  }

  TEST_CASE(
      "a notice that cannot be stored leaves its original as it was, and one needs the other") {
    const asked::TempDir temp;
    auto [store, recovery] = asked::open(asked::options_in(temp.path()));
    REQUIRE(asked::accept(*store, asked::message(1), true) == Accepted::stored);
    REQUIRE(asked::accept(*store, asked::message(2), true) == Accepted::stored);
    CHECK_FALSE(asked::change(*store, expire_with_notice(id(1), 2)));  // its id is taken
    CHECK(asked::timeline(*store, id(1)) == "accepted");
    CHECK(asked::change(*store, expire_with_notice(id(1), 3)));
    CHECK_FALSE(asked::change(*store, expire_with_notice(QueueId(7), 4)));
    CHECK_FALSE(asked::entry(*store, id(4)));
    auto not_now = expire_with_notice(id(2), 5);
    not_now.only_from = bit(State::queued);
    CHECK_FALSE(asked::change(*store, not_now));  // leased
    CHECK_FALSE(asked::entry(*store, id(5)));
  }

  TEST_CASE("a quiet change moves the entry and leaves its timeline alone") {
    const asked::TempDir temp;
    auto [store, recovery] = asked::open(asked::options_in(temp.path()));
    const auto id = asked::message(1).entry.id;
    REQUIRE(asked::accept(*store, asked::message(1), true) == Accepted::stored);
    auto hold = asked::change(id, State::held, EventKind::held);
    hold.reason = policy::Reason::paced;
    REQUIRE(asked::change(*store, hold));
    hold.quiet = true;
    hold.next_attempt = noon + 6h;
    REQUIRE(asked::change(*store, hold));
    CHECK(asked::timeline(*store, id) == "accepted held");
    CHECK(asked::next_due(*store) == noon + 6h);
    CHECK(asked::counts(*store).held ==
          decltype(Counts::held){{policy::Reason::paced, std::uint64_t{1}}});
    REQUIRE(asked::change(*store, asked::change(id, State::queued, EventKind::released)));
    CHECK(asked::timeline(*store, id) == "accepted held released");
  }

  TEST_CASE("what is settled while it is about to be given out is not taken for damaged") {
    const asked::TempDir temp;
    auto options = asked::options_in(temp.path());
    std::atomic<int> quarantined{0};
    options.sinks.quarantined = [&](QueueId) { ++quarantined; };
    auto [store, recovery] = asked::open(std::move(options));
    constexpr std::uint32_t many = 300;
    for (std::uint32_t i = 0; i < many; ++i)
      REQUIRE(asked::accept(*store, asked::message(i, 20'000)) == Accepted::stored);
    std::atomic<bool> settling{true};
    std::thread delivery([&, &shelf = *store] {
      while (settling)
        for (const auto& job : asked::lease(shelf, noon, many)) shelf.give_back(job.entry.id);
    });
    for (std::uint32_t i = many; i-- > 0;)
      CHECK(asked::becomes([&] { return asked::change(*store, settled(id(i))); }));
    settling = false;
    delivery.join();
    CHECK(quarantined == 0);
  }
}
