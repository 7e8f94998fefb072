#include "relay/delivery/doubts.hpp"

#include <doctest/doctest.h>

namespace delivery {
namespace {

using namespace std::chrono_literals;
using spool::QueueId;

const spool::WallTime noon{std::chrono::sys_days(std::chrono::year(2026) / 11 / 22) + 12h};

}  // namespace

TEST_SUITE("relay/delivery/doubts") {
  TEST_CASE("an event vouches for the feed for an hour, by a clock that was set back too") {
    Doubts doubts;
    CHECK_FALSE(doubts.feed_proven(noon));
    doubts.proved(noon);
    CHECK(doubts.feed_proven(noon));
    CHECK(doubts.feed_proven(noon + 1h - 1ms));
    CHECK_FALSE(doubts.feed_proven(noon + 1h));
    CHECK(doubts.feed_proven(noon - 1h + 1ms));
    CHECK_FALSE(doubts.feed_proven(noon - 1h));
    doubts.proved(noon - 30min);  // an older one, that came late
    CHECK(doubts.feed_proven(noon + 59min));
  }

  TEST_CASE("an event is kept for a message that is under way, until it no longer is") {
    Doubts doubts;
    doubts.event(QueueId(1), "0100");
    CHECK_FALSE(doubts.known(QueueId(1)));
    doubts.begin(QueueId(1));
    CHECK_FALSE(doubts.known(QueueId(1)));
    doubts.event(QueueId(1), "0100");
    doubts.begin(QueueId(1));  // sent once more: the event of the first time still counts
    CHECK(doubts.known(QueueId(1)) == "0100");
    CHECK(doubts.end(QueueId(1)) == "0100");
    CHECK_FALSE(doubts.end(QueueId(1)));
    CHECK_FALSE(doubts.known(QueueId(1)));
  }
}

}  // namespace delivery
