#include "relay/spool/repeats.hpp"

#include <doctest/doctest.h>

#include <cstring>

using namespace spool;
using namespace std::chrono_literals;

namespace {

constexpr WallTime noon{};

Fingerprint key(std::uint32_t number) {
  Fingerprint key{};
  std::memcpy(key.data(), &number, sizeof number);
  return key;
}

void take(Repeats& repeats, std::uint32_t number, WallTime at = noon) {
  repeats.stage(key(number), QueueId(number), at);
  repeats.commit();
}

}  // namespace

TEST_SUITE("relay/spool/repeats") {
  TEST_CASE("what was accepted since then is found, to the millisecond, and nothing else") {
    Repeats repeats;
    take(repeats, 7);
    CHECK(repeats.find({key(7), noon}) == QueueId(7));
    CHECK_FALSE(repeats.find({key(7), noon + 1ms}));
    CHECK_FALSE(repeats.find({key(8), noon}));
  }

  TEST_CASE("what is staged counts at once, and is gone with a transaction that fails") {
    Repeats repeats;
    repeats.stage(key(7), QueueId(7), noon);
    CHECK(repeats.find({key(7), noon}) == QueueId(7));
    repeats.forget_staged();
    CHECK_FALSE(repeats.find({key(7), noon}));
    repeats.commit();
    CHECK_FALSE(repeats.find({key(7), noon}));
  }

  TEST_CASE("beyond the bound the oldest is forgotten, a later accept of the same is not") {
    Repeats repeats(3);
    take(repeats, 1);
    take(repeats, 2);
    repeats.stage(key(1), QueueId(100), noon + 1h);  // the first one has failed meanwhile
    repeats.commit();
    take(repeats, 3);
    take(repeats, 4);
    CHECK(repeats.find({key(1), noon}) == QueueId(100));
    CHECK_FALSE(repeats.find({key(2), noon}));
    CHECK(repeats.find({key(3), noon}));
    take(repeats, 5);
    CHECK_FALSE(repeats.find({key(1), noon}));
  }
}
