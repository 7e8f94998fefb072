#include "relay/spool/sqlite_store.hpp"
#include "tests/unit/spool/asked.hpp"

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <vector>

using namespace spool;
using namespace std::chrono_literals;
using asked::noon;
using policy::EventKind;
using policy::Reason;

namespace {

struct Shelf {
  Shelf() : opened(asked::open(asked::options_in(temp.path()))) {}
  Store& store() { return *opened.store; }

  QueueId put(const std::string& app, bool urgent = false, WallTime due = noon) {
    auto job = asked::message(number++, 500);
    job.entry.app = app;
    job.entry.urgent = urgent;
    job.entry.next_attempt = due;
    return store_job(job);
  }
  QueueId hold(Reason reason, const std::string& domain, bool urgent, WallTime due = noon + 1h) {
    auto job = asked::message(number++, 500);
    job.entry.domain = domain;
    job.entry.urgent = urgent;
    job.entry.state = State::held;
    job.entry.reason = reason;
    job.entry.next_attempt = due;
    return store_job(job);
  }
  QueueId store_job(const Job& job) {
    REQUIRE(asked::accept(store(), job) == Accepted::stored);
    return job.entry.id;
  }

  asked::TempDir temp;
  OpenedStore opened;
  std::uint32_t number = 0;
};

std::map<Lane, int> by_lane(const std::vector<Job>& jobs) {
  std::map<Lane, int> lanes;
  for (const auto& job : jobs) ++lanes[{job.entry.app, job.entry.urgent}];
  return lanes;
}

QueueId only(const std::vector<Job>& jobs) {
  REQUIRE(jobs.size() == 1);
  return jobs.front().entry.id;
}

}  // namespace

TEST_SUITE("relay/spool/sqlite_lanes") {
  TEST_CASE("lanes are served in turn, whoever has how much and since when") {
    Shelf shelf;
    for (int i = 0; i < 30; ++i) shelf.put("flood", false, noon - 1h);
    for (int i = 0; i < 3; ++i) shelf.put("blog");
    for (int i = 0; i < 2; ++i) shelf.put("flood", true);
    const auto jobs = asked::lease(shelf.store(), Wanted{noon, 50, 8, 1 << 20, {}});
    CHECK(by_lane(jobs) ==
          std::map<Lane, int>{{{"blog", false}, 3}, {{"flood", false}, 3}, {{"flood", true}, 2}});
  }

  TEST_CASE("the first turn goes round, so that no app is favoured when there is little to give") {
    Shelf shelf;
    for (const auto* app : {"a", "b", "c"})
      for (int i = 0; i < 2; ++i) shelf.put(app);
    std::string given;
    for (int i = 0; i < 6; ++i)
      given += asked::lease(shelf.store(), Wanted{noon, 50, 1, 1 << 20, {}}).front().entry.app;
    CHECK(given == "abcabc");
  }

  TEST_CASE("of each lane no more than its bound comes, and of one that is full nothing") {
    Shelf shelf;
    for (int i = 0; i < 5; ++i) {
      shelf.put("a");
      shelf.put("b");
    }
    Wanted wanted{noon, 2, 100, 1 << 20, {{"b", false}}};
    CHECK(by_lane(asked::lease(shelf.store(), wanted)) == std::map<Lane, int>{{{"a", false}, 2}});
    wanted.full = {{"a", false}};
    CHECK(by_lane(asked::lease(shelf.store(), wanted)) == std::map<Lane, int>{{{"b", false}, 2}});
  }

  TEST_CASE("within a lane the longest due comes first, and what is leased is passed over") {
    Shelf shelf;
    const auto third = shelf.put("a", false, noon - 1s);
    const auto first = shelf.put("a", false, noon - 3s);
    const auto second = shelf.put("a", false, noon - 2s);
    CHECK(only(asked::lease(shelf.store(), noon, 1)) == first);
    CHECK(only(asked::lease(shelf.store(), noon, 1)) == second);
    CHECK(only(asked::lease(shelf.store(), noon, 1)) == third);
  }

  TEST_CASE("what is held or in doubt and due comes too, each bounded like a lane") {
    Shelf shelf;
    for (int i = 0; i < 3; ++i) shelf.hold(Reason::paced, "example.com", false, noon);
    shelf.hold(Reason::paced, "example.com", false, noon + 1s);
    std::vector<QueueId> doubtful;
    for (int i = 0; i < 3; ++i) {
      auto mark = asked::mark(doubtful.emplace_back(shelf.put("a")));
      mark.keeps_lease = false;
      REQUIRE(asked::change(shelf.store(), mark));
    }
    const auto states = [](const std::vector<Job>& jobs) {
      std::map<State, int> states;
      for (const auto& job : jobs) ++states[job.entry.state];
      return states;
    };
    CHECK(states(asked::lease(shelf.store(), Wanted{noon, 2, 100, 1 << 20, {{"a", false}}})) ==
          std::map<State, int>{{State::in_delivery, 2}, {State::in_doubt, 2}});
    CHECK(states(asked::lease(shelf.store())) ==
          std::map<State, int>{{State::in_delivery, 1}, {State::in_doubt, 1}});
    CHECK(asked::next_due(shelf.store()) == noon + 1s);
  }

  TEST_CASE("the next due is the earliest of all lanes and states that is not leased") {
    Shelf shelf;
    CHECK_FALSE(asked::next_due(shelf.store()));
    shelf.put("b", false, noon + 9s);
    shelf.put("a", true, noon + 5s);
    CHECK(asked::next_due(shelf.store()) == noon + 5s);
    shelf.hold(Reason::paced, "example.com", false, noon + 3s);
    CHECK(asked::next_due(shelf.store()) == noon + 3s);
    REQUIRE(asked::lease(shelf.store(), noon + 5s).size() == 2);
    CHECK(asked::next_due(shelf.store()) == noon + 9s);
  }

  TEST_CASE("the held entry that shows best whether a hold can end is urgent, then old") {
    Shelf shelf;
    const auto old = shelf.hold(Reason::domain, "b.example", false);
    const auto older_domain = shelf.hold(Reason::domain, "a.example", false);
    const auto other_reason = shelf.hold(Reason::signing, "a.example", true);
    const auto urgent = shelf.hold(Reason::domain, "b.example", true);
    CHECK(asked::lease_held(shelf.store(), Reason::credentials).empty());
    CHECK(only(asked::lease_held(shelf.store(), Reason::domain, "a.example")) == older_domain);
    CHECK(only(asked::lease_held(shelf.store(), Reason::domain)) == urgent);
    CHECK(only(asked::lease_held(shelf.store(), Reason::domain)) == old);
    CHECK(asked::lease_held(shelf.store(), Reason::domain).empty());
    const auto probe = asked::lease_held(shelf.store(), Reason::signing, "a.example");
    CHECK(only(probe) == other_reason);
    CHECK(probe.front().entry.state == State::in_delivery);
    CHECK(probe.front().entry.held_since == noon);
  }

  TEST_CASE("what was asked about before comes after all others of its kind") {
    Shelf shelf;
    const auto first = shelf.hold(Reason::domain, "a.example", false);
    const auto second = shelf.hold(Reason::domain, "a.example", false);
    CHECK(only(asked::lease_held(shelf.store(), Reason::domain, "a.example", first)) == second);
    CHECK(only(asked::lease_held(shelf.store(), Reason::domain, "a.example", second)) == first);
  }

  TEST_CASE("a hold that concerns some apps is asked about with messages of these") {
    Shelf shelf;
    const auto hold = [&](const std::string& app) {
      auto job = asked::message(shelf.number++, 500);
      job.entry.app = app;
      job.entry.state = State::held;
      job.entry.reason = Reason::domain;
      return shelf.store_job(job);
    };
    hold("shop");
    const auto blog = hold("blog");
    const auto forum = hold("forum");
    const auto probe = [&](const std::string& domain) {
      return asked::lease_held(
          shelf.store(), Reason::domain, domain, QueueId{0}, {"blog", "forum", "gone"});
    };
    CHECK(only(probe("example.com")) == blog);
    CHECK(probe("example.net").empty());
    CHECK(only(probe("")) == forum);
    CHECK(probe("").empty());
  }

  TEST_CASE("looking for a held entry passes over a bounded number of leased ones") {
    Shelf shelf;
    for (int i = 0; i < 2001; ++i) shelf.hold(Reason::domain, "a.example", false, noon);
    REQUIRE(asked::lease(shelf.store(), noon, 2000).size() == 2000);
    CHECK(asked::lease_held(shelf.store(), Reason::domain).empty());
    shelf.store().give_back(asked::message(0).entry.id);
    CHECK(asked::lease_held(shelf.store(), Reason::domain).size() == 1);
  }

  TEST_CASE("an app's load follows accepts and changes, over a start too") {
    const asked::TempDir temp;
    const auto size = asked::message(1).entry.size;
    const auto id = [](std::uint32_t n) { return asked::message(n).entry.id; };
    {
      auto [store, recovery] = asked::open(asked::options_in(temp.path()));
      for (std::uint32_t i = 1; i <= 4; ++i)
        REQUIRE(asked::accept(*store, asked::message(i)) == Accepted::stored);
      REQUIRE(asked::change(*store, asked::change(id(1), State::sent, EventKind::sent)));
      REQUIRE(asked::change(*store, asked::change(id(2), State::failed, EventKind::failed)));
      auto hold = asked::change(id(3), State::held, EventKind::held);
      hold.reason = Reason::paced;
      REQUIRE(asked::change(*store, hold));
      CHECK(store->load("shop").messages == 2);
      CHECK(store->load("shop").octets == 2 * size);
    }
    auto [store, recovery] = asked::open(asked::options_in(temp.path()));
    CHECK(store->load("shop").messages == 2);
    CHECK(store->load("shop").octets == 2 * size);
    CHECK(store->load("blog").messages == 0);
  }
}
