#include "relay/delivery/scheduler.hpp"
#include "tests/unit/delivery/office.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace delivery;
using delivery::test::job;
using delivery::test::Office;
using spool::QueueId;
using spool::State;

namespace {

constexpr const char* known = "known@example.net";

struct Fixture : Office {
  using Office::Office;
  Fixture() { parts.store.known_paths = {known}; }

  void restrict(bool so) {
    auto ring = std::make_shared<Keyring>(*keyring.get());
    ring->restricted.clear();
    if (so) ring->restricted.insert("shop");
    keyring.set(std::move(ring));
  }
  void put(std::int64_t id, std::vector<std::string> recipients, const std::string& app = "shop") {
    auto entry = job(id);
    entry.entry.app = app;
    entry.entry.envelope.forward_paths = std::move(recipients);
    parts.store.put(entry);
  }
  bool await(std::int64_t id, State state) { return parts.store.await_state(QueueId(id), state); }
};

}  // namespace

TEST_SUITE_BEGIN("relay/delivery/scheduler_restricted");

TEST_CASE("of a restricted app's mail only what goes to recipients that it reached leaves") {
  Fixture office;
  office.restrict(true);
  office.put(1, {known});
  office.put(2, {"new@example.net"});
  office.put(3, {known, "new@example.net"});
  office.put(4, {"new@example.net"}, "blog");
  office.open();
  CHECK(office.await(1, State::sent));
  CHECK(office.await(2, State::held));
  CHECK(office.await(3, State::held));
  CHECK(office.await(4, State::sent));
  const auto held = office.parts.store.row(QueueId(2)).changes.back();
  CHECK(held.reason == policy::Reason::blocked);
  CHECK(held.event.detail == "a recipient was not reached in the last 90 days");
}

TEST_CASE("mail that is ready when its app is restricted is looked at again") {
  Fixture office(1, 2.0);
  office.parts.store.known_paths = {known};
  for (int id = 1; id <= 20; ++id) office.put(id, {"new@example.net"});
  office.put(21, {known});
  office.open();
  REQUIRE(office.parts.store.await([](auto& rows) {
    return std::ranges::any_of(
        rows, [](const auto& row) { return row.second.job.entry.state == State::sent; });
  }));
  office.restrict(true);
  office.scheduler.reloaded({});
  CHECK(office.await(20, State::held));
  office.parts.clock.move(60s);
  office.scheduler.look();
  CHECK(office.await(21, State::sent));
}

TEST_CASE("what is held while its app is restricted goes out when it is free and is looked at") {
  Fixture office;
  office.restrict(true);
  office.put(1, {"new@example.net"});
  office.open();
  REQUIRE(office.await(1, State::held));
  office.restrict(false);
  spool::Order order;
  order.operation = spool::Operation::release;
  order.which.id = QueueId(1);
  order.now = office.parts.clock.now();
  office.scheduler.order(std::move(order), [](const spool::Ordered&) {});
  CHECK(office.await(1, State::sent));
}

TEST_CASE("a drain waits for mail whose recipients are looked up") {
  Fixture office;
  office.restrict(true);
  for (int id = 1; id <= 30; ++id) office.put(id, {id % 2 == 0 ? known : "new@example.net"});
  office.open();
  REQUIRE(office.ends(&Scheduler::drain));
  for (int id = 1; id <= 30; ++id) {
    CAPTURE(id);
    CHECK(office.parts.store.row(QueueId(id)).job.entry.state ==
          (id % 2 == 0 ? State::sent : State::held));
  }
}

TEST_SUITE_END();
