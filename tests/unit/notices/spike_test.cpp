#include "relay/notices/spike.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace notices;
using namespace std::chrono_literals;

namespace {

constexpr Spikes::Time start{1000h};

}  // namespace

TEST_SUITE("relay/notices/spike") {
  TEST_CASE("twenty within an hour are a spike of a quiet app, told once an hour") {
    Spikes spikes;
    CHECK(spikes.count("shop", 19, start) == 0);
    CHECK(spikes.count("blog", 1, start) == 0);
    CHECK(spikes.count("shop", 1, start + 59min) == 20);
    CHECK(spikes.count("shop", 100, start + 59min) == 0);
    CHECK(spikes.count("shop", 19, start + 26h) == 0);
    CHECK(spikes.count("shop", 1, start + 26h) == 20);
  }

  TEST_CASE("an app of which many are suppressed each hour needs five times as many") {
    Spikes spikes;
    for (int hour = 0; hour < 23; ++hour) CHECK(spikes.count("shop", 10, start + hour * 1h) == 0);
    CHECK(spikes.count("shop", 50, start + 23h) == 0);
    CHECK(spikes.count("shop", 1, start + 23h) == 51);
  }

  TEST_CASE("what came in another hour is no spike") {
    Spikes spikes;
    CHECK(spikes.count("shop", 12, start + 30min) == 0);
    CHECK(spikes.count("shop", 12, start + 90min) == 0);
  }

  TEST_CASE("of apps beyond the bound nothing is known, until others are quiet for a day") {
    Spikes spikes;
    for (std::size_t i = 0; i < Spikes::most_apps; ++i)
      REQUIRE(spikes.count("app-" + std::to_string(i), 1, start) == 0);
    CHECK(spikes.count("late", 20, start) == 0);
    CHECK(spikes.count("late", 20, start + 24h) == 20);
  }
}
