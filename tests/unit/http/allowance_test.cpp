#include "relay/http/allowance.hpp"

#include <doctest/doctest.h>

using namespace std::chrono_literals;

namespace {

constexpr http::Allowance::Time begin{std::chrono::hours(1)};

int taken(http::Allowance& allowance, http::Allowance::Time now) {
  int count = 0;
  while (allowance.take(now)) ++count;
  return count;
}

}  // namespace

TEST_SUITE("relay/http/allowance") {
  TEST_CASE("at once there is the burst, then what time brings, and never more than the burst") {
    http::Allowance allowance(10, 5);
    CHECK(taken(allowance, begin) == 5);
    CHECK(taken(allowance, begin + 99ms) == 0);
    CHECK(taken(allowance, begin + 101ms) == 1);
    CHECK(taken(allowance, begin + 401ms) == 3);
    CHECK(taken(allowance, begin + 1h) == 5);
  }

  TEST_CASE("in the long run it is the rate") {
    http::Allowance allowance(100, 200);
    int count = 0;
    for (auto now = begin; now < begin + 60s; now += 1ms) count += taken(allowance, now);
    CHECK(count >= 200 + 5998);
    CHECK(count <= 200 + 6000);
  }
}
