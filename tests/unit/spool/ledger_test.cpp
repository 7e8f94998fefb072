#include "relay/spool/ledger.hpp"

#include <doctest/doctest.h>

#include <utility>
#include <vector>

using namespace spool;

namespace {

std::uint64_t of(const Counts& counts, State state) {
  return counts.by_state[static_cast<std::size_t>(state)];
}

const Lane shop{"shop", false};
const Lane shop_urgent{"shop", true};

Move arrival(std::int64_t id) { return {QueueId(id), shop, 100, std::nullopt, Standing{}}; }

}  // namespace

TEST_SUITE("relay/spool/ledger") {
  TEST_CASE("an entry is leased once until released, and no more than the bound are") {
    Ledger ledger(2);
    CHECK(ledger.lease(QueueId(1)));
    CHECK_FALSE(ledger.lease(QueueId(1)));
    CHECK(ledger.lease(QueueId(2)));
    CHECK_FALSE(ledger.lease(QueueId(3)));
    ledger.release(QueueId(1));
    CHECK_FALSE(ledger.leased(QueueId(1)));
    CHECK(ledger.lease(QueueId(3)));
  }

  TEST_CASE(
      "a leased queued entry counts as in delivery, one leased but not yet stored as nothing") {
    Ledger ledger(10);
    REQUIRE(ledger.lease(QueueId(1)));
    CHECK(of(ledger.counts(), State::in_delivery) == 0);
    ledger.commit({arrival(1), arrival(2)});
    CHECK(of(ledger.counts(), State::in_delivery) == 1);
    CHECK(of(ledger.counts(), State::queued) == 1);
    ledger.commit({{QueueId(1), shop, 100, Standing{}, Standing{State::in_doubt, {}}}});
    CHECK(of(ledger.counts(), State::in_delivery) == 0);
    CHECK(of(ledger.counts(), State::in_doubt) == 1);
    REQUIRE(ledger.lease(QueueId(2)));
    ledger.read(QueueId(2), State::queued);
    CHECK(of(ledger.counts(), State::in_delivery) == 1);
    CHECK(of(ledger.counts(), State::queued) == 0);
  }

  TEST_CASE("held entries are counted by reason, and by app and reason") {
    Ledger ledger(10);
    const Standing paced{State::held, policy::Reason::paced};
    ledger.commit({{QueueId(1), shop, 100, {}, paced}, {QueueId(2), shop, 100, {}, paced}});
    ledger.commit({{QueueId(1), shop, 100, paced, Standing{State::held, policy::Reason::signing}}});
    const auto held = ledger.counts().held;
    REQUIRE(held.size() == 2);
    CHECK(of(ledger.counts(), State::held) == 2);
    ledger.commit({{QueueId(2), shop, 100, paced, std::nullopt}});
    CHECK(ledger.counts().held == decltype(held){{policy::Reason::signing, std::uint64_t{1}}});
    ledger.commit(
        {{QueueId(3), {"blog", false}, 100, {}, Standing{State::held, policy::Reason::signing}}});
    CHECK(ledger.counts().held == decltype(held){{policy::Reason::signing, std::uint64_t{2}}});
    CHECK(ledger.held("shop", policy::Reason::signing) == 1);
    CHECK(ledger.held("blog", policy::Reason::signing) == 1);
    CHECK(ledger.held("blog", policy::Reason::paced) == 0);
  }

  TEST_CASE(
      "the search for the oldest starts where the last one ended, or at what came in meanwhile") {
    Ledger ledger(10);
    CHECK(ledger.start_search() == QueueId(0));
    ledger.commit({arrival(7)});
    ledger.end_search(QueueId(20));
    CHECK(ledger.start_search() == QueueId(7));
    ledger.end_search(QueueId(20));
    CHECK(ledger.start_search() == QueueId(20));
    ledger.end_search(QueueId(20));
    ledger.commit({arrival(3)});  // a clock that went back, or a release from a hold
    CHECK(ledger.start_search() == QueueId(3));
  }

  TEST_CASE("an app's load is what it has queued, held and in doubt, urgent or not") {
    Ledger ledger(10);
    const auto load = [&](const char* app) {
      const auto load = ledger.load(app);
      return std::pair(load.messages, load.octets);
    };
    using Load = std::pair<std::uint64_t, std::uint64_t>;
    ledger.add(State::held, shop, {2, 500});
    ledger.commit({arrival(1), {QueueId(2), shop_urgent, 30, {}, Standing{}}});
    CHECK(load("shop") == Load{4, 630});
    CHECK(load("blog") == Load{0, 0});
    ledger.commit({{QueueId(1), shop, 100, Standing{}, Standing{State::in_doubt, {}}}});
    CHECK(load("shop") == Load{4, 630});
    ledger.commit(
        {{QueueId(1), shop, 100, Standing{State::in_doubt, {}}, Standing{State::sent, {}}}});
    CHECK(load("shop") == Load{3, 530});
  }

  TEST_CASE("only lanes that have entries in a state are named") {
    Ledger ledger(10);
    ledger.commit({arrival(1), {QueueId(2), shop_urgent, 30, {}, Standing{}}});
    CHECK(ledger.lanes(State::queued) == std::vector{shop, shop_urgent});
    CHECK(ledger.lanes(State::held).empty());
    ledger.commit({{QueueId(2), shop_urgent, 30, Standing{}, std::nullopt}});
    CHECK(ledger.lanes(State::queued) == std::vector{shop});
  }

  TEST_CASE("a claim keeps others from an entry until it is released, beyond the bound of leases") {
    Ledger ledger(1);
    REQUIRE(ledger.lease(QueueId(1)));
    {
      Claims claims(ledger);
      CHECK_FALSE(claims.take(QueueId(1)));
      CHECK(claims.take(QueueId(2)));
      CHECK(claims.take(QueueId(2)));
      CHECK(ledger.leased(QueueId(2)));
      claims.release();
      CHECK_FALSE(ledger.leased(QueueId(2)));
      CHECK(claims.take(QueueId(3)));
    }
    CHECK_FALSE(ledger.leased(QueueId(3)));
    CHECK(ledger.leased(QueueId(1)));
  }
}
