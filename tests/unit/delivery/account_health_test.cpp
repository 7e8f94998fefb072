#include "relay/delivery/account_health.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace delivery {
namespace {

using namespace std::chrono_literals;
using policy::EventKind;
using policy::Reason;
using smtp::Fate;
using smtp::ReplyClass;
using Time = AccountHealth::Time;
using Holds = std::vector<Hold>;

constexpr Time start{1h};
constexpr std::uint32_t middle = 1U << 31U;

/// An account with a clock: each message is judged 100 ms after its attempt began.
struct Told {
  AccountHealth health;
  Time now = start;

  Consequence operator()(std::int64_t id,
                         ReplyClass result,
                         std::string_view domain = "shop.example",
                         std::uint32_t attempts_before = 0) {
    const Time began = now;
    now += 100ms;
    return since(began, id, result, domain, attempts_before);
  }
  Consequence since(Time began,
                    std::int64_t id,
                    ReplyClass result,
                    std::string_view domain = "shop.example",
                    std::uint32_t attempts_before = 0) {
    const smtp::AttemptFacts facts{
        .result = result, .attempts_before = attempts_before, .random = middle};
    return health.learn({.id = spool::QueueId(id),
                         .domain = domain,
                         .result = result,
                         .settlement = smtp::settle({}, facts),
                         .began = began},
                        now,
                        middle);
  }
};

const Holds none;

}  // namespace

TEST_SUITE("relay/delivery/account_health") {
  TEST_CASE("a paused account holds all mail once, until a message is taken") {
    Told told;
    const Consequence first = told(1, ReplyClass::account_paused);
    CHECK((first.begun == Holds{{Reason::account_paused, ""}}));
    CHECK(first.settlement.fate == Fate::hold);
    CHECK(first.settlement.retry_in == 1min);
    CHECK(told(2, ReplyClass::account_paused).begun == none);
    CHECK(told.health.account_held());
    CHECK(told.health.held("any.example") == Reason::account_paused);
    CHECK((told.health.holds() == Holds{{Reason::account_paused, ""}}));
    told.now += 1min;
    CHECK((told(3, ReplyClass::taken).ended == Holds{{Reason::account_paused, ""}}));
    CHECK_FALSE(told.health.account_held());
    CHECK_FALSE(told.health.held("any.example"));
  }

  TEST_CASE("what was under way when the hold began neither ends it nor delays its probe") {
    Told told;
    const Time before = told.now;
    REQUIRE(told(1, ReplyClass::account_paused).begun.size() == 1);
    const auto probe = told.health.next_probe();
    told.now += 5s;
    CHECK(told.since(before, 2, ReplyClass::taken).ended == none);
    CHECK(told.since(before, 3, ReplyClass::account_paused).begun == none);
    CHECK(told.since(before, 4, ReplyClass::broken).begun == none);
    CHECK(told.health.account_held());
    CHECK(told.health.next_probe() == probe);
  }

  TEST_CASE("a paused account is probed after 1, 2, 4, 8, 15 and 15 minutes, one at a time") {
    Told told;
    static_cast<void>(told(1, ReplyClass::account_paused));
    for (const auto pause : {1min, 2min, 4min, 8min, 15min, 15min}) {
      CAPTURE(pause.count());
      REQUIRE(told.health.next_probe());
      CHECK(*told.health.next_probe() == told.now + pause);
      CHECK(told.health.probes(told.now + pause - 1ms) == none);
      told.now += pause;
      CHECK((told.health.probes(told.now) == Holds{{Reason::account_paused, ""}}));
      CHECK(told.health.probes(told.now) == none);
      static_cast<void>(told(1, ReplyClass::account_paused));
    }
  }

  TEST_CASE("refused credentials are probed every five minutes") {
    Told told;
    static_cast<void>(told(1, ReplyClass::credentials));
    for (int i = 0; i < 5; ++i) {
      CHECK(*told.health.next_probe() == told.now + 5min);
      told.now += 5min;
      REQUIRE(told.health.probes(told.now).size() == 1);
      static_cast<void>(told(1, ReplyClass::credentials));
    }
  }

  TEST_CASE("a spent daily quota is probed when the quota's window says") {
    Told told;
    smtp::Settlement settled =
        smtp::settle({}, {.result = ReplyClass::daily_quota, .random = middle});
    settled.retry_in = 37min;
    const Consequence out = told.health.learn({.id = spool::QueueId(1),
                                               .domain = "shop.example",
                                               .result = ReplyClass::daily_quota,
                                               .settlement = settled,
                                               .began = start},
                                              start,
                                              0);
    CHECK((out.begun == Holds{{Reason::daily_quota, ""}}));
    CHECK(*told.health.next_probe() == start + 37min);
  }

  TEST_CASE("a probe that tells nothing is repeated after a minute") {
    for (const ReplyClass result : {ReplyClass::broken,
                                    ReplyClass::transient,
                                    ReplyClass::rejected,
                                    ReplyClass::recipients_unverified,
                                    ReplyClass::throttled}) {
      CAPTURE(smtp::word(result));
      Told told;
      static_cast<void>(told(1, ReplyClass::account_paused));
      told.now += 1min;
      REQUIRE(told.health.probes(told.now).size() == 1);
      const Consequence out = told(1, result);
      CHECK(out.begun == none);
      CHECK(out.ended == none);
      CHECK(told.health.account_held());
      CHECK(*told.health.next_probe() == told.now + 1min);
    }
  }

  TEST_CASE("a probe that nobody tells of is repeated after a quarter of an hour") {
    Told told;
    static_cast<void>(told(1, ReplyClass::account_paused));
    told.now += 1min;
    REQUIRE(told.health.probes(told.now).size() == 1);
    CHECK(told.health.probes(told.now + 15min - 1ms) == none);
    CHECK(told.health.probes(told.now + 15min).size() == 1);
  }

  TEST_CASE("an account held for two reasons is released from both by one message") {
    Told told;
    CHECK(told(1, ReplyClass::credentials).begun.size() == 1);
    told.now += 5min;
    CHECK((told(1, ReplyClass::account_paused).begun == Holds{{Reason::account_paused, ""}}));
    CHECK(told.health.held("x.example") == Reason::account_paused);
    told.now += 5min;
    CHECK((told(1, ReplyClass::taken).ended ==
           Holds{{Reason::credentials, ""}, {Reason::account_paused, ""}}));
  }

  TEST_CASE("an unverified identity holds its domain's mail alone, until one of it is taken") {
    Told told;
    const Consequence out = told(1, ReplyClass::identity);
    CHECK((out.begun == Holds{{Reason::domain, "shop.example"}}));
    CHECK(out.settlement.domain_wide);
    CHECK(out.settlement.retry_in == 1min);
    CHECK(told.health.held("shop.example") == Reason::domain);
    CHECK_FALSE(told.health.held("blog.example"));
    CHECK_FALSE(told.health.account_held());
    CHECK(told(2, ReplyClass::taken, "blog.example").ended == none);
    CHECK(told(3, ReplyClass::identity).begun == none);
    told.now += 2min;
    CHECK((told(1, ReplyClass::taken).ended == Holds{{Reason::domain, "shop.example"}}));
    CHECK_FALSE(told.health.held("shop.example"));
  }

  TEST_CASE("domains are probed each by its own schedule, and not while the account is held") {
    Told told;
    static_cast<void>(told(1, ReplyClass::identity, "a.example"));
    told.now += 30s;
    static_cast<void>(told(2, ReplyClass::mail_from_domain, "b.example"));
    const Time second = told.now;
    told.now = *told.health.next_probe();
    CHECK((told.health.probes(told.now) == Holds{{Reason::domain, "a.example"}}));
    static_cast<void>(told(1, ReplyClass::identity, "a.example"));
    CHECK(*told.health.next_probe() == second + 1min);
    static_cast<void>(told(3, ReplyClass::account_paused, "c.example"));
    CHECK((told.health.probes(told.now + 1h) == Holds{{Reason::account_paused, ""}}));
    told.now += 1h;
    static_cast<void>(told(3, ReplyClass::taken, "c.example"));
    CHECK(told.health.probes(told.now).size() == 2);
  }

  TEST_CASE("one message whose From is of another identity is held alone when that is proved") {
    Told told;
    REQUIRE(told(1, ReplyClass::identity).begun.size() == 1);
    told.now += 1min;
    REQUIRE(told(2, ReplyClass::taken).ended.size() == 1);
    const Consequence again = told(1, ReplyClass::identity);
    CHECK(again.begun == none);
    CHECK(again.settlement.fate == Fate::hold);
    CHECK_FALSE(again.settlement.domain_wide);
    CHECK_FALSE(told.health.held("shop.example"));
    CHECK(told(3, ReplyClass::identity).begun.size() == 1);  // of it nothing is proved
  }

  TEST_CASE("unknown 5yz on three different messages hold all, and fail none of them") {
    Told told;
    for (const int id : {1, 2}) {
      const Consequence out = told(id, ReplyClass::unknown_permanent);
      CHECK(out.settlement.fate == Fate::retry);
      CHECK(out.settlement.event == EventKind::deferred);
      CHECK(out.settlement.attempts == 1);
      CHECK(out.begun == none);
    }
    const Consequence third = told(3, ReplyClass::unknown_permanent);
    CHECK((third.begun == Holds{{Reason::account_paused, ""}}));
    CHECK(third.settlement.fate == Fate::hold);
    CHECK(third.settlement.reason == Reason::account_paused);
    CHECK(third.settlement.event == EventKind::held);
    CHECK(third.settlement.account_wide);
    CHECK(third.settlement.attempts == 0);
    CHECK(third.settlement.retry_in == 1min);
    for (const auto pause : {1min, 2min, 4min}) {
      CHECK(*told.health.next_probe() == told.now + pause);
      told.now += pause;
      const Consequence probe = told(1, ReplyClass::unknown_permanent);
      CHECK(probe.settlement.fate == Fate::hold);
      CHECK(probe.begun == none);
    }
    told.now += 8min;
    CHECK((told(2, ReplyClass::taken).ended == Holds{{Reason::account_paused, ""}}));
  }

  TEST_CASE("one message with unknown 5yz again and again is not three") {
    Told told;
    for (int i = 0; i < 10; ++i) {
      CHECK(told(1, ReplyClass::unknown_permanent).settlement.fate == Fate::retry);
      CHECK(told(2, ReplyClass::unknown_permanent).settlement.fate == Fate::retry);
    }
    CHECK_FALSE(told.health.account_held());
  }

  TEST_CASE("messages taken in between show that the account is well: three in all hold nothing") {
    Told told;
    for (int id = 1; id < 100; id += 2) {
      CHECK(told(id, ReplyClass::unknown_permanent).begun == none);
      static_cast<void>(told(id + 1, ReplyClass::taken));
    }
  }

  TEST_CASE("an unknown 5yz fails its message when it comes again after another was taken") {
    Told told;
    REQUIRE(told(1, ReplyClass::unknown_permanent).settlement.fate == Fate::retry);
    static_cast<void>(told(2, ReplyClass::taken));
    const Consequence again = told(1, ReplyClass::unknown_permanent, "shop.example", 1);
    CHECK(again.settlement.fate == Fate::fail);
    CHECK(again.settlement.event == EventKind::failed);
    CHECK(again.settlement.attempts == 2);
    CHECK(again.begun == none);
  }

  TEST_CASE("a message taken that was under way before proves nothing against another") {
    Told told;
    const Time before = told.now;
    REQUIRE(told(1, ReplyClass::unknown_permanent).settlement.fate == Fate::retry);
    static_cast<void>(told.since(before, 2, ReplyClass::taken));
    CHECK(told(1, ReplyClass::unknown_permanent).settlement.fate == Fate::retry);
  }

  TEST_CASE("while the account is held no message fails for an unknown 5yz, proved or not") {
    Told told;
    static_cast<void>(told(1, ReplyClass::unknown_permanent));
    static_cast<void>(told(2, ReplyClass::taken));
    static_cast<void>(told(3, ReplyClass::account_paused));
    told.now += 1min;
    CHECK(told(1, ReplyClass::unknown_permanent).settlement.fate == Fate::hold);
  }

  TEST_CASE("no reply of the operator's side fails a message, whatever came before") {
    for (const ReplyClass result : {ReplyClass::throttled,
                                    ReplyClass::daily_quota,
                                    ReplyClass::credentials,
                                    ReplyClass::account_paused,
                                    ReplyClass::identity,
                                    ReplyClass::recipients_unverified,
                                    ReplyClass::mail_from_domain,
                                    ReplyClass::configuration_set}) {
      CAPTURE(smtp::word(result));
      Told told;
      for (int round = 0; round < 3; ++round) {
        for (int id = 1; id <= 4; ++id) {
          CHECK(told(id, result).settlement.fate != Fate::fail);
        }
        told.now += 1h;
        static_cast<void>(told(9, ReplyClass::taken));
      }
    }
  }

  TEST_CASE("holds found at start are probed at once, and end when nothing is held for them") {
    Told told;
    told.health.hold({Reason::account_paused, ""}, start);
    told.health.hold({Reason::credentials, ""}, start);
    told.health.hold({Reason::domain, "shop.example"}, start);
    CHECK((told.health.probes(start) == Holds{{Reason::credentials, ""}}));
    told.health.nothing_held({Reason::credentials, ""});
    CHECK((told.health.probes(start) == Holds{{Reason::account_paused, ""}}));
    told.health.nothing_held({Reason::account_paused, ""});
    CHECK_FALSE(told.health.account_held());
    CHECK((told.health.probes(start) == Holds{{Reason::domain, "shop.example"}}));
    told.health.nothing_held({Reason::domain, "shop.example"});
    CHECK(told.health.holds() == none);
    CHECK_FALSE(told.health.next_probe());
  }

  TEST_CASE("a reload probes everything at once") {
    Told told;
    static_cast<void>(told(1, ReplyClass::credentials));
    told.health.probe_now(told.now);
    CHECK(told.health.probes(told.now).size() == 1);
  }

  TEST_CASE("past the bound of domains a message is held by itself") {
    Told told;
    for (std::size_t i = 0; i < AccountHealth::most_domains; ++i) {
      const Consequence out =
          told(static_cast<std::int64_t>(i), ReplyClass::identity, "d" + std::to_string(i));
      REQUIRE(out.begun.size() == 1);
    }
    const Consequence out = told(-1, ReplyClass::identity, "one-more.example");
    CHECK(out.begun == none);
    CHECK(out.settlement.fate == Fate::hold);
    CHECK_FALSE(out.settlement.domain_wide);
    CHECK(told.health.holds().size() == AccountHealth::most_domains);
  }

  TEST_CASE("past the bound of suspects the oldest is forgotten, and fails no sooner for that") {
    Told told;
    REQUIRE(told(0, ReplyClass::unknown_permanent).settlement.fate == Fate::retry);
    for (std::size_t i = 1; i <= AccountHealth::most_suspects; ++i) {
      static_cast<void>(told(static_cast<std::int64_t>(i), ReplyClass::unknown_permanent));
      static_cast<void>(told(-1, ReplyClass::taken));
    }
    CHECK(told(0, ReplyClass::unknown_permanent).settlement.fate == Fate::retry);
    CHECK(told(AccountHealth::most_suspects, ReplyClass::unknown_permanent).settlement.fate ==
          Fate::fail);
  }
}

}  // namespace delivery
