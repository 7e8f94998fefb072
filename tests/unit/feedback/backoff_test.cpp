#include "relay/feedback/backoff.hpp"

#include <doctest/doctest.h>

using namespace std::chrono_literals;

TEST_CASE(
    "waits double from the first to the longest, of each the random part between half and all") {
  feedback::Backoff backoff(1s, 10s);
  CHECK(backoff.failed(0) == 500ms);
  CHECK(backoff.failed(1000) == 2s);
  CHECK(backoff.failed(0) == 2s);
  CHECK(backoff.failed(4000) == 8s);
  CHECK(backoff.failed(0) == 5s);
  CHECK(backoff.failed(0) == 5s);
  for (std::uint32_t random = 0; random < 20000; random += 7) {
    const auto wait = backoff.failed(random);
    CHECK(wait >= 5s);
    CHECK(wait <= 10s);
  }
}

TEST_CASE("after a success the first wait is the first again") {
  feedback::Backoff backoff(1s, 10s);
  for (int i = 0; i < 5; ++i) static_cast<void>(backoff.failed(0));
  backoff.succeeded();
  CHECK(backoff.failed(0) == 500ms);
}
