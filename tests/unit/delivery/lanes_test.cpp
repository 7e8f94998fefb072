#include "relay/delivery/lanes.hpp"

#include <doctest/doctest.h>

using delivery::LaneBounds;
using delivery::Lanes;
using spool::Lane;

TEST_SUITE_BEGIN("relay/delivery/lanes");

TEST_CASE(
    "a reservation that is refused takes nothing, and its lane is behind until it is looked for") {
  Lanes lanes(LaneBounds{.jobs = 3, .octets = 1000, .jobs_per_lane = 2});
  const Lane shop{"shop", false}, urgent{"shop", true}, blog{"blog", false};
  CHECK(lanes.reserve(shop, 100));
  CHECK(lanes.reserve(shop, 100));
  CHECK_FALSE(lanes.reserve(shop, 100));
  CHECK(lanes.any_behind({}));
  CHECK(lanes.reserve(urgent, 100));
  CHECK_FALSE(lanes.reserve(blog, 100));
  CHECK(lanes.jobs() == 3);
  CHECK(lanes.octets() == 300);
  lanes.remove(shop, 100);
  CHECK_FALSE(lanes.reserve(shop, 100));
  CHECK(lanes.take_behind({blog}) == std::set<Lane>{shop});
  CHECK(lanes.any_behind({}));
  CHECK_FALSE(lanes.any_behind({blog}));
  CHECK(lanes.reserve(shop, 100));
}

TEST_CASE("octets are bounded exactly, and what the store gives out counts over the bounds too") {
  Lanes lanes(LaneBounds{.jobs = 10, .octets = 1000, .jobs_per_lane = 10});
  const Lane shop{"shop", false}, blog{"blog", false};
  CHECK(lanes.reserve(shop, 1000));
  CHECK_FALSE(lanes.reserve(blog, 1));
  lanes.add(blog, 5000);
  CHECK(lanes.octets() == 6000);
  lanes.remove(blog, 5000);
  lanes.remove(shop, 1000);
  CHECK(lanes.jobs() == 0);
  CHECK(lanes.octets() == 0);
}

TEST_SUITE_END();
