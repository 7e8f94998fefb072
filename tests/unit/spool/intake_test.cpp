#include "relay/spool/intake.hpp"

#include "tests/unit/spool/asked.hpp"

#include <doctest/doctest.h>

#include <thread>

using namespace spool;
using namespace std::chrono_literals;

namespace {

struct Waiting {
  explicit Waiting(IntakeBounds bounds = {}, BatchBounds batch = {})
      : intake(std::make_shared<Intake>(bounds, batch)) {}

  std::shared_ptr<Ticket> ticket(std::size_t octets = 100) {
    return std::make_shared<Ticket>(
        intake, asked::message(++number, octets), false, [](Acceptance) {});
  }
  bool offer(std::size_t octets = 100) { return intake->offer(ticket(octets)); }
  bool offer_change(bool leased) {
    PendingChange pending;
    return intake->offer(pending, leased);
  }

  std::shared_ptr<Intake> intake;
  std::uint32_t number = 0;
};

}  // namespace

TEST_SUITE("relay/spool/intake") {
  TEST_CASE("accepts are bounded by number, and there is room again once they are taken") {
    IntakeBounds bounds;
    bounds.accepts = 3;
    Waiting waiting(bounds);
    for (int i = 0; i < 3; ++i) {
      CHECK(waiting.intake->has_room());
      CHECK(waiting.offer());
    }
    CHECK_FALSE(waiting.intake->has_room());
    CHECK_FALSE(waiting.offer());
    CHECK(waiting.intake->take(0ms).accepts.size() == 3);
    CHECK(waiting.intake->has_room());
    CHECK(waiting.offer());
  }

  TEST_CASE("accepts are bounded by octets, exactly") {
    Waiting probe;
    const auto octets = probe.ticket(5000)->job.octets->size();
    IntakeBounds bounds;
    bounds.accept_octets = 2 * octets;
    Waiting waiting(bounds);
    CHECK(waiting.offer(5000));
    CHECK(waiting.offer(5000));
    CHECK_FALSE(waiting.intake->has_room());
    CHECK_FALSE(waiting.offer(1));
    static_cast<void>(waiting.intake->take(0ms));
    CHECK(waiting.intake->has_room());
  }

  TEST_CASE("changes of leased entries have room when others have none left, and are bounded too") {
    IntakeBounds bounds;
    bounds.changes = 2;
    bounds.leased_changes = 4;
    Waiting waiting(bounds);
    CHECK(waiting.offer_change(false));
    CHECK(waiting.offer_change(false));
    CHECK_FALSE(waiting.offer_change(false));
    CHECK(waiting.offer_change(true));
    CHECK(waiting.offer_change(true));
    CHECK_FALSE(waiting.offer_change(true));
  }

  TEST_CASE("what nobody waits for rides in the commit of what somebody waits for") {
    BatchBounds bounds;
    bounds.ride = 1h;
    Waiting waiting({}, bounds);
    const auto change_to = [&](State to) {
      PendingChange pending;
      pending.change.to = to;
      return waiting.intake->offer(pending, true);
    };
    REQUIRE(change_to(State::sent));
    std::thread later([&] { CHECK(change_to(State::in_doubt)); });
    CHECK(waiting.intake->take(1h).changes.size() == 2);
    later.join();
    REQUIRE(change_to(State::sent));
    REQUIRE(waiting.offer());
    const auto batch = waiting.intake->take(1h);
    CHECK(batch.accepts.size() + batch.changes.size() == 2);
  }

  TEST_CASE("what nobody waits for is committed all the same") {
    BatchBounds bounds;
    bounds.ride = 1ms;
    Waiting waiting({}, bounds);
    PendingChange pending;
    pending.change.to = State::sent;
    REQUIRE(waiting.intake->offer(pending, true));
    CHECK(waiting.intake->take(1h).changes.size() == 1);
  }

  TEST_CASE("refusals are bounded") {
    IntakeBounds bounds;
    bounds.refusals = 1;
    Waiting waiting(bounds);
    CHECK(waiting.intake->offer(policy::Event{}));
    CHECK_FALSE(waiting.intake->offer(policy::Event{}));
  }

  TEST_CASE("refusals of strangers, or of one app, take half of the places") {
    IntakeBounds bounds;
    bounds.refusals = 4;
    Waiting waiting(bounds);
    const auto offer = [&](std::string app) {
      policy::Event refusal;
      refusal.app = std::move(app);
      return waiting.intake->offer(std::move(refusal));
    };
    CHECK(offer(""));
    CHECK(offer(""));
    CHECK_FALSE(offer(""));
    CHECK(offer("shop"));
    CHECK(offer("blog"));
    CHECK_FALSE(offer("shop"));
    CHECK(waiting.intake->take(1h).refusals.size() == 4);
    CHECK(offer(""));
    CHECK(offer(""));
  }

  TEST_CASE("writes of documents are bounded by number and by octets, until they are taken") {
    Waiting waiting({.writes = 3, .write_octets = 250});
    const auto offer = [&](std::size_t octets) {
      PendingWrite pending;
      pending.writes = {{"k", "n", std::string(octets - 2, 'x'), {}}};
      return waiting.intake->offer(pending);
    };
    CHECK(offer(100));
    CHECK_FALSE(offer(151));
    CHECK(offer(150));
    CHECK_FALSE(offer(3));
    CHECK(waiting.intake->take(1h).writes.size() == 2);
    for (int i = 0; i < 3; ++i) CHECK(offer(3));
    CHECK_FALSE(offer(3));
    CHECK(waiting.intake->take_to_fail().writes.size() == 3);
    CHECK(offer(250));
    waiting.intake->close();
    CHECK(waiting.intake->take(1h).closed);
    CHECK_FALSE(offer(3));
  }

  TEST_CASE("a batch of writes is bounded by rows and by octets, and one of any size is taken") {
    Waiting waiting({}, BatchBounds{.rows = 3, .octets = 100});
    const auto offer = [&](std::size_t octets) {
      PendingWrite pending;
      pending.writes = {{"", "", std::string(octets, 'x'), {}}};
      REQUIRE(waiting.intake->offer(pending));
    };
    for (int i = 0; i < 4; ++i) offer(1);
    CHECK(waiting.intake->take(1h).writes.size() == 3);
    CHECK(waiting.intake->take(1h).writes.size() == 1);
    for (const auto octets : {101, 50, 50, 50}) offer(static_cast<std::size_t>(octets));
    CHECK(waiting.intake->take(1h).writes.size() == 1);
    CHECK(waiting.intake->take(1h).writes.size() == 2);
    CHECK(waiting.intake->take(1h).writes.size() == 1);
  }

  TEST_CASE("an accept can be withdrawn until it is taken, and not after") {
    Waiting waiting;
    const auto early = waiting.ticket();
    const auto late = waiting.ticket();
    REQUIRE(waiting.intake->offer(early));
    REQUIRE(waiting.intake->offer(late));
    CHECK(early->withdraw());
    CHECK(early->withdraw());
    CHECK_FALSE(early->job.octets);
    const auto batch = waiting.intake->take(0ms);
    CHECK(batch.accepts == std::vector{late});
    CHECK(batch.withdrawn == std::vector{early});
    CHECK_FALSE(late->withdraw());
  }

  TEST_CASE("what is withdrawn no longer counts against the octets") {
    IntakeBounds bounds;
    Waiting probe;
    bounds.accept_octets = probe.ticket(5000)->job.octets->size();
    Waiting waiting(bounds);
    const auto ticket = waiting.ticket(5000);
    REQUIRE(waiting.intake->offer(ticket));
    CHECK_FALSE(waiting.offer(5000));
    CHECK(ticket->withdraw());
    CHECK(waiting.offer(5000));
  }

  TEST_CASE("a large message is taken alone, in turn with what else waits") {
    BatchBounds batch;
    batch.alone = 1000;
    Waiting waiting({}, batch);
    for (int i = 0; i < 2; ++i) REQUIRE(waiting.offer(5000));
    for (int i = 0; i < 3; ++i) REQUIRE(waiting.offer(10));
    REQUIRE(waiting.offer_change(true));
    const auto first = waiting.intake->take(0ms);
    CHECK(first.accepts.size() == 3);
    CHECK(first.changes.size() == 1);
    for (int i = 0; i < 2; ++i) {
      const auto large = waiting.intake->take(0ms);
      REQUIRE(large.accepts.size() == 1);
      CHECK(large.accepts.front()->job.octets->size() >= 5000);
    }
  }

  TEST_CASE("a batch is bounded by rows and by octets") {
    BatchBounds batch;
    batch.rows = 3;
    batch.octets = 25'000;
    Waiting waiting({}, batch);
    for (int i = 0; i < 4; ++i) REQUIRE(waiting.offer(10));
    CHECK(waiting.intake->take(0ms).accepts.size() == 3);
    CHECK(waiting.intake->take(0ms).accepts.size() == 1);
    for (int i = 0; i < 3; ++i) REQUIRE(waiting.offer(10'000));
    CHECK(waiting.intake->take(0ms).accepts.size() == 2);
    CHECK(waiting.intake->take(0ms).accepts.size() == 1);
  }

  TEST_CASE("after closing nothing is taken in, and the last batch says that it is the last") {
    Waiting waiting({}, BatchBounds{.rows = 1});
    REQUIRE(waiting.offer());
    REQUIRE(waiting.offer());
    waiting.intake->close();
    CHECK_FALSE(waiting.offer());
    CHECK_FALSE(waiting.offer_change(true));
    CHECK_FALSE(waiting.intake->offer(policy::Event{}));
    CHECK_FALSE(waiting.intake->take(1h).closed);
    CHECK(waiting.intake->take(1h).closed);
  }

  TEST_CASE("orders wait in their order, and no more than the bound do") {
    Waiting waiting({.orders = 2});
    const auto offer = [&](const char* detail) {
      PendingOrder pending;
      pending.order.detail = detail;
      return waiting.intake->offer(pending);
    };
    CHECK(offer("first"));
    CHECK(offer("second"));
    CHECK_FALSE(offer("third"));
    CHECK(waiting.intake->take(1h).accepts.empty());  // comes back at once
    CHECK(waiting.intake->take_order()->order.detail == "first");
    CHECK(offer("fourth"));
    waiting.intake->close();
    CHECK_FALSE(offer("fifth"));
    CHECK(waiting.intake->take_order());
    CHECK(waiting.intake->take_order());
    CHECK_FALSE(waiting.intake->take_order());
  }

  TEST_CASE("an order waits until the changes that came before it are taken, and no longer") {
    Waiting waiting({}, BatchBounds{.rows = 1});
    REQUIRE(waiting.offer_change(true));
    REQUIRE(waiting.offer_change(true));
    PendingOrder order;
    REQUIRE(waiting.intake->offer(order));
    REQUIRE(waiting.offer_change(true));
    CHECK(waiting.intake->take(0ms).changes.size() == 1);
    CHECK_FALSE(waiting.intake->take_order());
    CHECK(waiting.intake->take(0ms).changes.size() == 1);
    CHECK(waiting.intake->take_order());
  }

  TEST_CASE("the latest value of a note counts, and names are bounded") {
    Waiting waiting({.notes = 2});
    CHECK(waiting.intake->offer_note("a", "1"));
    CHECK(waiting.intake->offer_note("b", "1"));
    CHECK_FALSE(waiting.intake->offer_note("c", "1"));
    CHECK(waiting.intake->offer_note("a", "2"));
    CHECK(waiting.intake->offer_note("b", "0", true));  // out of a failed commit: the older one
    CHECK(waiting.intake->take(0ms).notes == Notes{{"a", "2"}, {"b", "1"}});
    CHECK(waiting.intake->take(0ms).notes.empty());
  }
}
