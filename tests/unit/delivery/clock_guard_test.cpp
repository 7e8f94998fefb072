#include "relay/delivery/clock_guard.hpp"

#include <doctest/doctest.h>

namespace delivery {
namespace {

using namespace std::chrono_literals;
using Time = ClockGuard::Time;
using Wall = ClockGuard::Wall;

constexpr Time start{1h};
constexpr Wall noon{std::chrono::hours(24 * 365 * 55)};
constexpr auto ten_years = std::chrono::hours(24 * 3652);

}  // namespace

TEST_SUITE("relay/delivery/clock_guard") {
  TEST_CASE("clocks that go together, an hour or a year between two looks, are steady") {
    ClockGuard guard;
    CHECK(guard.steady(start));
    CHECK_FALSE(guard.look(noon, start));
    for (const auto later : {0h, 1h, 24h * 365}) {
      CHECK_FALSE(guard.look(noon + later, start + later));
      CHECK(guard.steady(start + later));
    }
  }

  TEST_CASE("they may part by a minute between two looks, either way") {
    for (const auto apart : {60s, -60s}) {
      ClockGuard guard;
      CHECK_FALSE(guard.look(noon, start));
      CHECK_FALSE(guard.look(noon + apart + 10s, start + 10s));
      CHECK(guard.steady(start + 10s));
    }
  }

  TEST_CASE("a jump of more than a minute, up to ten years, either way, stops for ten minutes") {
    for (const std::chrono::seconds jump :
         {std::chrono::seconds(61), std::chrono::seconds(24h), std::chrono::seconds(ten_years)}) {
      for (const int sign : {1, -1}) {
        CAPTURE(jump.count() * sign);
        ClockGuard guard;
        CHECK_FALSE(guard.look(noon, start));
        const auto jumped = guard.look(noon + 30s + jump * sign, start + 30s);
        REQUIRE(jumped);
        CHECK(*jumped == jump * sign);
        CHECK_FALSE(guard.steady(start + 30s));
        CHECK_FALSE(guard.steady(start + 30s + 10min - 1ns));
        CHECK(guard.steady(start + 30s + 10min));
      }
    }
  }

  TEST_CASE("after a jump the clocks are compared anew, and each further jump counts anew") {
    ClockGuard guard;
    CHECK_FALSE(guard.look(noon, start));
    CHECK(guard.look(noon + 24h, start + 1s));
    CHECK_FALSE(guard.look(noon + 24h + 9min, start + 1s + 9min));
    CHECK(guard.look(noon + 9min, start + 2s + 9min));
    CHECK_FALSE(guard.steady(start + 15min));
    CHECK(guard.steady(start + 2s + 19min));
  }

  TEST_CASE("readings at the ends of their range overflow nothing") {
    for (const Wall from : {Wall::min(), Wall::max(), Wall{}}) {
      for (const Wall to : {Wall::min(), Wall::max(), Wall{}}) {
        for (const Time monotonic : {Time::min(), Time::max(), Time{}}) {
          ClockGuard guard;
          CHECK_FALSE(guard.look(from, start));
          const auto jumped = guard.look(to, monotonic);
          if (to > from && monotonic <= start) CHECK(*jumped > 0s);
          if (to < from && monotonic >= start) CHECK(*jumped < 0s);
          static_cast<void>(guard.steady(Time::min()));
          static_cast<void>(guard.steady(Time::max()));
        }
      }
    }
  }
}

}  // namespace delivery
