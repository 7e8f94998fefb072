#include "relay/delivery/urgent_share.hpp"

#include <doctest/doctest.h>

#include <string>

namespace delivery {
namespace {

using namespace std::chrono_literals;

constexpr UrgentShare::Time start{1h};

/// How many of `claims` claims in a row are granted.
int granted(UrgentShare& share, int claims, UrgentShare::Time now) {
  int yes = 0;
  for (int i = 0; i < claims; ++i) yes += share.grant("shop", now) ? 1 : 0;
  return yes;
}

}  // namespace

TEST_SUITE("relay/delivery/urgent_share") {
  TEST_CASE("a small site's first messages may all be urgent, the sixth not") {
    UrgentShare share;
    CHECK(granted(share, 10, start) == 5);
  }

  TEST_CASE("an app that claims urgency for all it sends has it for a fifth") {
    UrgentShare share;
    CHECK(granted(share, 100, start) == 20);
    const int more = granted(share, 1000, start);
    CHECK(more >= 190);
    CHECK(more <= 210);
  }

  TEST_CASE("an app that claims it for less has it for all of that") {
    UrgentShare share;
    for (int i = 0; i < 500; ++i) {
      CAPTURE(i);
      for (int normal = 0; normal < 5; ++normal) share.count("shop", start);
      CHECK(share.grant("shop", start));
    }
  }

  TEST_CASE("only the last hundred messages count") {
    UrgentShare share;
    REQUIRE(granted(share, 100, start) == 20);
    for (int i = 0; i < 100; ++i) share.count("shop", start);
    CHECK(granted(share, 1, start) == 1);
    CHECK(granted(share, 100, start) <= 20);
  }

  TEST_CASE("only the last hour counts") {
    UrgentShare share;
    REQUIRE(granted(share, 5, start) == 5);
    CHECK(granted(share, 1, start + 1h - 1ns) == 0);
    CHECK(granted(share, 1, start + 1h) == 1);
  }

  TEST_CASE("apps do not share") {
    UrgentShare share;
    REQUIRE(granted(share, 10, start) == 5);
    CHECK(share.grant("blog", start));
  }

  TEST_CASE("past the bound of apps the one longest silent is forgotten") {
    UrgentShare share;
    REQUIRE(granted(share, 10, start) == 5);
    for (std::size_t i = 1; i < UrgentShare::most_apps; ++i) {
      share.count("app" + std::to_string(i), start + 1s);
    }
    CHECK_FALSE(share.grant("shop", start + 2s));  // known still, and now the latest
    share.count("one more", start + 3s);
    CHECK_FALSE(share.grant("shop", start + 3s));
  }
}

}  // namespace delivery
