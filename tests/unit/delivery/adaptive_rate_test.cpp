#include "relay/delivery/adaptive_rate.hpp"

#include "tests/unit/delivery/shared_account.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <optional>

namespace delivery {
namespace {

using namespace std::chrono_literals;
using Time = AdaptiveRate::Time;

constexpr Time start{1h};
constexpr std::uint64_t seeds = 6;

/// Sends one message after the other, each as soon as it may; all are taken at once. Gives how many
/// until `end`.
int send_until(AdaptiveRate& rate, Time from, Time end) {
  int sent = 0;
  for (Time now = from; now < end; now += 1ms) {
    while (rate.take(1, now)) {
      rate.succeeded(1);
      ++sent;
    }
  }
  return sent;
}

}  // namespace

TEST_SUITE("relay/delivery/adaptive_rate") {
  TEST_CASE("under a ceiling no more than that and half a second's burst passes, and no less") {
    AdaptiveRate rate(14, start);
    static_cast<void>(send_until(rate, start, start + 10s));
    const int sent = send_until(rate, start + 10s, start + 70s);
    CHECK(sent >= 14 * 60 - 1);
    CHECK(sent <= 14 * 60 + 7);
    CHECK(rate.limit() == 14);
  }

  TEST_CASE("it doubles quickly while mail waits and nothing is refused: 200 a second in 5 s") {
    AdaptiveRate rate(std::nullopt, start);
    CHECK(rate.limit() == 2);
    static_cast<void>(send_until(rate, start, start + 5s));
    CHECK(rate.limit() >= 200);
    static_cast<void>(send_until(rate, start + 5s, start + 8s));
    CHECK(rate.limit() >= 10'000);
  }

  TEST_CASE("where the account tells its limit it begins there and never goes above") {
    AdaptiveRate rate(std::nullopt, start);
    rate.account_limit(50);
    CHECK(rate.limit() == 50);
    const int sent = send_until(rate, start, start + 60s);
    CHECK(sent >= 50 * 59);
    CHECK(sent <= 50 * 60 + 25);
    CHECK(rate.limit() == 50);
    rate.account_limit(80);  // AWS has raised it
    CHECK(rate.limit() == 80);
  }

  TEST_CASE("what a refusal taught is kept when the account tells its limit, as far as it allows") {
    AdaptiveRate rate(std::nullopt, start);
    rate.account_limit(50);
    static_cast<void>(send_until(rate, start, start + 10s));
    rate.throttled(start + 10s, 0);
    const double learned = rate.limit();
    CHECK(learned < 50);
    rate.account_limit(100);
    CHECK(rate.limit() == learned);
    rate.account_limit(1);
    CHECK(rate.limit() == 1);
    rate.ceiling(std::nullopt);  // it tells no more
    static_cast<void>(send_until(rate, start + 20s, start + 10min));
    CHECK(rate.limit() > 50);
  }

  TEST_CASE("a relay that has little to send neither grows nor waits") {
    AdaptiveRate rate(std::nullopt, start);
    for (Time now = start + 10s; now < start + 1h; now += 10s) {
      CHECK(rate.wait(1, now) == 0ms);
      REQUIRE(rate.take(1, now));
      rate.succeeded(1);
    }
    CHECK(rate.limit() == 2);
  }

  TEST_CASE("what was found is kept over idle hours, with half a second's burst") {
    AdaptiveRate rate(40, start);
    static_cast<void>(send_until(rate, start, start + 20s));
    REQUIRE(rate.limit() == 40);
    int at_once = 0;
    while (rate.take(1, start + 5h)) ++at_once;
    CHECK(at_once == 20);
  }

  TEST_CASE("a message larger than the bucket passes at a second's worth and pays its debt") {
    AdaptiveRate rate(10, start);
    static_cast<void>(send_until(rate, start, start + 20s));
    const Time now = start + 40s;
    REQUIRE(rate.take(50, now));
    CHECK_FALSE(rate.take(1, now + 4s));
    CHECK(rate.take(1, now + 4100ms));
    CHECK_FALSE(rate.take(50, now + 5s));
    CHECK(rate.take(50, now + 5100ms));
  }

  TEST_CASE("the wait it names is long enough, and not a millisecond more than it has to be") {
    AdaptiveRate rate(10, start);
    static_cast<void>(send_until(rate, start, start + 20s));
    Time now = start;
    for (const double recipients : {1.0, 5.0, 10.0, 50.0}) {
      CAPTURE(recipients);
      now += 60s;
      while (rate.take(1, now)) continue;
      const auto wait = rate.wait(recipients, now);
      REQUIRE(wait > 1ms);
      CHECK_FALSE(rate.take(recipients, now + wait - 1ms));
      CHECK(rate.wait(recipients, now + wait) == 0ms);
      CHECK(rate.take(recipients, now + wait));
    }
  }

  TEST_CASE("what did not reach the account is given back") {
    AdaptiveRate rate(2, start);
    REQUIRE(rate.take(1, start));
    REQUIRE_FALSE(rate.take(1, start));
    rate.give_back(1);
    CHECK(rate.take(1, start));
  }

  TEST_CASE("messages of one flight that are refused together lower the limit once") {
    AdaptiveRate rate(std::nullopt, start);
    static_cast<void>(send_until(rate, start, start + 4s));
    rate.throttled(start + 4s, 0);
    const double once = rate.limit();
    for (int i = 0; i < 20; ++i) rate.throttled(start + 4s + i * 40ms, 0);
    CHECK(rate.limit() == once);
    rate.throttled(start + 5s, 0);
    CHECK(rate.limit() < once);
  }

  TEST_CASE("after a refusal it pauses, longer or shorter by chance") {
    const auto pause = [](std::uint32_t random) {
      AdaptiveRate rate(std::nullopt, start);
      static_cast<void>(rate.take(1, start));
      rate.throttled(start, random);
      return rate.wait(1, start);
    };
    CHECK(pause(0) > 1s);
    CHECK(pause(0xFFFFFFFF) > pause(0) + 1s);
  }

  TEST_CASE("the limit never falls to nothing, and comes back from there") {
    AdaptiveRate rate(std::nullopt, start);
    for (int i = 0; i < 1000; ++i) rate.throttled(start + i * 2s, 0);
    CHECK(rate.limit() >= 0.1);
    static_cast<void>(send_until(rate, start + 2000s, start + 2000s + 20min));
    CHECK(rate.limit() > 1);
  }

  TEST_CASE("a refusal under the ceiling is forgotten within a minute of use") {
    AdaptiveRate rate(14, start);
    Time now = start;
    const auto use_for = [&](std::chrono::seconds length) {
      for (const Time end = now + length; now < end; now += 10ms)
        if (rate.take(1, now)) rate.succeeded(1);
    };
    use_for(200s);
    for (int refusal = 0; refusal < 3; ++refusal) {
      rate.throttled(now, 0);
      use_for(30s);
    }
    CHECK(rate.limit() < 14);
    use_for(300s);
    CHECK(rate.limit() == doctest::Approx(14).epsilon(0.01));
  }

  TEST_CASE("what was learned outlives a restart, and nonsense is nothing") {
    AdaptiveRate before(std::nullopt, Time{});
    before.recall("42.5 steady");
    AdaptiveRate after(std::nullopt, Time{});
    const double fresh = after.limit();
    for (const char* nonsense : {"", "steady", "-1 steady", "nan start"}) {
      CAPTURE(nonsense);
      after.recall(nonsense);
      CHECK(after.limit() == fresh);
    }
    after.recall(before.learned());
    CHECK(after.limit() == doctest::Approx(42.5));
    AdaptiveRate under(14, Time{});
    under.recall(before.learned());
    CHECK(under.limit() == doctest::Approx(14));
  }

  TEST_CASE("a changed ceiling holds at once") {
    AdaptiveRate rate(std::nullopt, start);
    static_cast<void>(send_until(rate, start, start + 5s));
    rate.ceiling(14);
    CHECK(rate.limit() == 14);
    rate.ceiling(0.05);
    CHECK(rate.limit() == 0.05);
  }

  TEST_CASE("a clock that goes back gives nothing and takes nothing") {
    AdaptiveRate rate(1, start);
    REQUIRE(rate.take(1, start));
    CHECK_FALSE(rate.take(1, start - 10s));
    CHECK(rate.take(1, start + 1s));
  }
}

TEST_SUITE("one account, simulated") {
  TEST_CASE("a relay under the account's ceiling uses 97 % of it and is hardly ever refused") {
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
      for (const auto latency : {0ms, 20ms, 200ms}) {
        CAPTURE(seed);
        CAPTURE(latency.count());
        SharedAccount account({.ceiling = 14, .latency = latency, .seed = seed});
        static_cast<void>(account.run_until(10s));
        const auto told = account.run_until(10s + 714s);
        CHECK(taken(told) >= 0.99 * 14 * 714);
        CHECK(throttled_part(told) < 0.0005);
      }
    }
  }

  TEST_CASE("a relay that knows no ceiling finds it, uses 97 % of it, is refused under 0.1 %") {
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
      for (const auto latency : {0ms, 20ms, 200ms}) {
        CAPTURE(seed);
        CAPTURE(latency.count());
        SharedAccount account({.latency = latency, .seed = seed});
        const auto first = account.run_until(5min);
        CHECK(taken(first) >= 0.75 * 14 * 300);
        static_cast<void>(account.run_until(10min));
        const auto told = account.run_until(10min + 714s);
        CHECK(taken(told) >= 0.975 * 14 * 714);
        CHECK(throttled_part(told) < 0.0008);
      }
    }
  }

  TEST_CASE("twenty relays that know nothing of each other share an account fairly") {
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
      for (const auto& ceiling : {std::optional<double>(), std::optional<double>(14)}) {
        for (const auto latency : {0ms, 20ms, 200ms}) {
          CAPTURE(seed);
          CAPTURE(ceiling.has_value());
          CAPTURE(latency.count());
          SharedAccount account(
              {.relays = 20, .ceiling = ceiling, .latency = latency, .seed = seed});
          static_cast<void>(account.run_until(120s));
          const auto told = account.run_until(120s + 714s);
          CHECK(taken(told) >= 0.95 * 14 * 714);
          CHECK(throttled_part(told) < 0.015);
          CHECK(fairness(told) >= 0.9);
        }
      }
    }
  }

  TEST_CASE("relays that come one after the other get their share too") {
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
      CAPTURE(seed);
      SharedAccount account({.relays = 20, .begin_within = 60s, .seed = seed});
      static_cast<void>(account.run_until(3min));
      const auto told = account.run_until(3min + 714s);
      CHECK(taken(told) >= 0.95 * 14 * 714);
      CHECK(throttled_part(told) < 0.018);
      CHECK(fairness(told) >= 0.9);
    }
  }

  TEST_CASE("the first ten thousand messages of twenty relays that begin at once, all told") {
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
      CAPTURE(seed);
      SharedAccount account({.relays = 20, .seed = seed});
      const auto told = account.run_until(714s);
      CHECK(taken(told) >= 0.95 * 14 * 714);
      CHECK(throttled_part(told) < 0.02);
      CHECK(fairness(told) >= 0.85);
    }
  }

  TEST_CASE("a limit that is raised is found within a quarter of an hour, a lowered one at once") {
    SharedAccount account({});
    static_cast<void>(account.run_until(10min));
    account.account_rate(50);
    static_cast<void>(account.run_until(25min));
    CHECK(account.limit(0) > 45);
    account.account_rate(5);
    static_cast<void>(account.run_until(25min + 20s));
    CHECK(account.limit(0) < 6);
  }
}

}  // namespace delivery
