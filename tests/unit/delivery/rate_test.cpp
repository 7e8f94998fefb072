#include "relay/delivery/rate.hpp"

#include <doctest/doctest.h>

using namespace std::chrono_literals;

TEST_SUITE_BEGIN("relay/delivery/rate");

TEST_CASE("over a minute no more than the rate and one burst passes") {
  const delivery::Rate::Time start{1h};
  delivery::Rate rate(14, start);
  int passed = 0;
  for (auto now = start; now < start + 60s; now += 10ms) {
    while (rate.take(1, now)) ++passed;
  }
  CHECK(passed >= 14 * 60);
  CHECK(passed <= 14 * 61);
}

TEST_CASE(
    "recipients count, and a message larger than the bucket passes when it is full, then pays its "
    "debt") {
  const delivery::Rate::Time start{1h};
  delivery::Rate rate(2, start);
  REQUIRE(rate.take(50, start));
  CHECK_FALSE(rate.take(1, start + 23s));
  CHECK(rate.take(1, start + 25s));
}

TEST_CASE("the wait it names is long enough, and not a second too long") {
  const delivery::Rate::Time start{1h};
  delivery::Rate rate(0.5, start);
  REQUIRE(rate.take(1, start + 2s));
  const auto wait = rate.wait(1, start + 2s);
  CHECK(wait <= 3s);
  CHECK(rate.take(1, start + 2s + wait));
}

TEST_CASE("the wait for a message of many recipients is for all of them, not for one at a time") {
  const delivery::Rate::Time start{1h};
  delivery::Rate rate(10, start);
  REQUIRE(rate.take(5, start));
  REQUIRE_FALSE(rate.take(10, start));
  const auto wait = rate.wait(10, start);
  CHECK(wait >= 500ms);
  CHECK(rate.take(10, start + wait));
}

TEST_CASE("a clock that goes back gives nothing and takes nothing") {
  const delivery::Rate::Time start{1h};
  delivery::Rate rate(1, start);
  REQUIRE(rate.take(1, start));
  CHECK_FALSE(rate.take(1, start - 10s));
  CHECK(rate.take(1, start + 1s));
}

TEST_SUITE_END();
