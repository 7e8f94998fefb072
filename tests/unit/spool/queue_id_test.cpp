#include "relay/spool/queue_id.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <set>

using spool::QueueId;

TEST_SUITE("relay/spool/queue_id") {
  TEST_CASE("a queue id is shown as 13 characters and read back in either case") {
    for (const std::int64_t value : {std::int64_t{0},
                                     std::int64_t{31},
                                     std::int64_t{32},
                                     std::int64_t{123456789012345678},
                                     std::numeric_limits<std::int64_t>::max()}) {
      CAPTURE(value);
      const QueueId id(value);
      const auto text = id.text();
      CHECK(text.size() == 13);
      CHECK(QueueId::parse(text) == id);
      std::string lower = text;
      for (char& c : lower)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
      CHECK(QueueId::parse(lower) == id);
    }
    CHECK(QueueId(std::numeric_limits<std::int64_t>::max()).text() == "7ZZZZZZZZZZZZ");
  }

  TEST_CASE("no two ids of one source are the same, however clock and random bits fall") {
    constexpr std::int64_t moment = 1'800'000'000'000;
    spool::QueueIds ids;
    std::set<QueueId> made;
    for (const std::int64_t at : {moment, moment, moment + 1, moment})
      for (const std::uint32_t random : {7U, 7U, 5U, 8U, 6U, 7U, (1U << 22U) - 1})
        made.insert(ids.next(at, random));
    CHECK(made.size() == 28);
    CHECK(made.begin()->unix_milliseconds() == moment);
    CHECK(made.rbegin()->unix_milliseconds() <= moment + 2);
    CHECK(ids.next(moment + 60'000, 9) == QueueId::make(moment + 60'000, 9));
    CHECK(ids.next(moment, 9) == QueueId::make(moment, 9));  // the clock was set back
  }

  TEST_CASE("what is no queue id is not read as one") {
    for (const auto* text : {"",
                             "0",
                             "000000000000",
                             "00000000000000",
                             "8000000000000",
                             "ZZZZZZZZZZZZZ",
                             "00000I0000000",
                             "00000L0000000",
                             "00000O0000000",
                             "00000U0000000",
                             "000000-000000",
                             "000000\xC3\xA9"
                             "00000",
                             " 000000000000"}) {
      CAPTURE(text);
      CHECK_FALSE(QueueId::parse(text));
    }
  }

  TEST_CASE("queue ids sort by age, as numbers and as text") {
    const auto early = QueueId::make(1'767'225'600'000, 0xFFFFFFFF);
    const auto late = QueueId::make(1'767'225'600'001, 0);
    CHECK(early < late);
    CHECK(early.text() < late.text());
    CHECK(early.unix_milliseconds() == 1'767'225'600'000);
  }

  TEST_CASE("times that do not fit are taken as the nearest that does") {
    CHECK(QueueId::make(0, 5) == QueueId(5));
    CHECK(QueueId::make(std::numeric_limits<std::int64_t>::max() / 2, 0xFFFFFFFF) ==
          QueueId(std::numeric_limits<std::int64_t>::max()));
  }

  TEST_CASE("of the random number only 22 bits are used") {
    CHECK(QueueId::make(1'577'836'800'000, 1U << 22U) == QueueId(0));
  }
}
