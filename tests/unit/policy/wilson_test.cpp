#include "policy/wilson.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <limits>

TEST_CASE("the normal quantile is that of the tables") {
  struct Row {
    double confidence;
    double z;
  };
  const auto rows = std::to_array<Row>({{0.5, 0.0},
                                        {0.75, 0.674490},
                                        {0.9, 1.281552},
                                        {0.95, 1.644854},
                                        {0.975, 1.959964},
                                        {0.99, 2.326348},
                                        {0.999, 3.090232},
                                        {0.9999, 3.719016},
                                        {0.99999, 4.264891},
                                        {0.999999, 4.753424},
                                        {0.999999999, 5.997807}});
  for (const Row& row : rows) {
    CAPTURE(row.confidence);
    CHECK(std::abs(policy::normal_quantile(row.confidence) - row.z) < 2e-6);
  }
  CHECK(policy::normal_quantile(0.2) == policy::normal_quantile(0.5));
  CHECK(std::isfinite(policy::normal_quantile(1.0)));
  CHECK(std::isfinite(policy::normal_quantile(7.0)));
}

TEST_CASE("the lower bound is Wilson's") {
  struct Row {
    std::uint64_t events;
    std::uint64_t trials;
    double z;
    double bound;
  };
  // The first three rows with events are textbook ones: 95 % two-sided.
  const auto rows = std::to_array<Row>({{0, 0, 2.326348, 0.0},
                                        {0, 100, 2.326348, 0.0},
                                        {10, 100, 1.959964, 0.055229},
                                        {1, 10, 1.959964, 0.017876},
                                        {50, 100, 1.959964, 0.403832},
                                        {100, 100, 1.959964, 0.963007},
                                        {12, 100, 2.326348, 0.063337},
                                        {5, 1500, 2.326348, 0.001229}});
  for (const Row& row : rows) {
    CAPTURE(row.events);
    CAPTURE(row.trials);
    CHECK(std::abs(policy::wilson_lower_bound(row.events, row.trials, row.z) - row.bound) < 1e-6);
  }
  CHECK(policy::wilson_lower_bound(7, 5, 1.959964) == policy::wilson_lower_bound(5, 5, 1.959964));
  constexpr auto most = std::numeric_limits<std::uint64_t>::max();
  CHECK(policy::wilson_lower_bound(most, most, 2.3) == doctest::Approx(1.0));
}

TEST_CASE("the bound grows with events, falls with trials and with confidence") {
  for (std::uint64_t trials = 1; trials < 300; ++trials) {
    for (std::uint64_t events = 1; events <= trials; ++events) {
      const double bound = policy::wilson_lower_bound(events, trials, 2.3);
      REQUIRE(bound > policy::wilson_lower_bound(events - 1, trials, 2.3));
      REQUIRE(bound > policy::wilson_lower_bound(events, trials + 1, 2.3));
      REQUIRE(bound > policy::wilson_lower_bound(events, trials, 2.4));
      REQUIRE(bound < static_cast<double>(events) / static_cast<double>(trials));
    }
  }
}
