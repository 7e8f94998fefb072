#include "relay/delivery/circuit_breaker.hpp"

#include <doctest/doctest.h>

#include <cstdint>

namespace delivery {
namespace {

using namespace std::chrono_literals;
using Time = CircuitBreaker::Time;
using State = CircuitBreaker::State;

constexpr Time start{1h};
constexpr std::uint32_t middle = 1U << 31U;

/// Fails a connection that began now.
void fail(CircuitBreaker& breaker, Time now, std::uint32_t random = middle) {
  breaker.failed(now, now, random);
}

}  // namespace

TEST_SUITE("relay/delivery/circuit_breaker") {
  TEST_CASE("it admits any number of connections while they can be had") {
    CircuitBreaker breaker;
    for (int i = 0; i < 10; ++i) CHECK(breaker.admit(start));
    breaker.succeeded();
    CHECK(breaker.state(start) == State::closed);
    CHECK(breaker.retry_at() <= start);
  }

  TEST_CASE("a failure keeps away for a second, then one connection tries") {
    CircuitBreaker breaker;
    fail(breaker, start);
    CHECK(breaker.state(start) == State::open);
    CHECK_FALSE(breaker.admit(start + 999ms));
    CHECK(breaker.retry_at() == start + 1s);
    CHECK(breaker.state(start + 1s) == State::half_open);
    CHECK(breaker.admit(start + 1s));
    CHECK(breaker.state(start + 1s) == State::half_open);
    CHECK_FALSE(breaker.admit(start + 1s));
    breaker.succeeded();
    CHECK(breaker.state(start + 1s) == State::closed);
    CHECK(breaker.admit(start + 1s));
    CHECK(breaker.admit(start + 1s));
  }

  TEST_CASE("trials that fail double the pause up to a minute, and a success forgets it") {
    CircuitBreaker breaker;
    Time now = start;
    for (const auto pause : {1s, 2s, 4s, 8s, 16s, 32s, 60s, 60s}) {
      CAPTURE(pause.count());
      fail(breaker, now);
      CHECK(breaker.retry_at() == now + pause);
      now = breaker.retry_at();
      REQUIRE(breaker.admit(now));
    }
    breaker.succeeded();
    fail(breaker, now);
    CHECK(breaker.retry_at() == now + 1s);
  }

  TEST_CASE("connections that fail together count once") {
    CircuitBreaker breaker;
    breaker.failed(start, start + 5s, middle);
    breaker.failed(start + 4s, start + 6s, middle);
    CHECK(breaker.retry_at() == start + 6s);
    breaker.failed(start + 6s, start + 7s, middle);
    CHECK(breaker.retry_at() == start + 9s);
  }

  TEST_CASE("pauses are spread by a quarter either way") {
    CircuitBreaker breaker;
    fail(breaker, start, 0);
    CHECK(breaker.retry_at() == start + 750ms);
    breaker.succeeded();
    fail(breaker, start, 0xFFFFFFFF);
    CHECK(breaker.retry_at() == start + 1249ms);
  }

  TEST_CASE("a trial that nobody tells of does not lock it for ever") {
    CircuitBreaker breaker;
    fail(breaker, start);
    REQUIRE(breaker.admit(start + 1s));
    CHECK_FALSE(breaker.admit(start + 2min));
    CHECK(breaker.admit(start + 2min + 1s));
  }
}

}  // namespace delivery
