#include "relay/observe/folding.hpp"

#include <doctest/doctest.h>

using namespace std::chrono_literals;
using observe::Folding;

namespace {
constexpr Folding::Time start{1'800'000'000s};
}

TEST_SUITE("relay/observe/folding") {
  TEST_CASE("within the window only the first line of a key is written, the others are counted") {
    Folding folding(10s);
    CHECK(folding.first("a", start));
    CHECK(!folding.first("a", start + 1s));
    CHECK(folding.first("b", start + 2s));
    CHECK(!folding.first("a", start + 9s));
    CHECK(folding.end_windows(start + 9s).empty());
    const auto ended = folding.end_windows(start + 10s);
    REQUIRE(ended.size() == 1);
    CHECK(ended.front().key == "a");
    CHECK(ended.front().count == 2);
    CHECK(folding.first("a", start + 10s));
  }

  TEST_CASE("a window in which nothing repeated ends without a word") {
    Folding folding(10s);
    CHECK(folding.first("a", start));
    CHECK(folding.next_end() == start + 10s);
    CHECK(folding.end_windows(start + 10s).empty());
    CHECK(!folding.next_end());
  }

  TEST_CASE("a window that is over, and was not ended yet, loses no count") {
    Folding folding(10s);
    CHECK(folding.first("a", start));
    CHECK(!folding.first("a", start + 1s));
    CHECK(!folding.first("a", start + 20s));
    const auto ended = folding.end_windows(start + 20s);
    REQUIRE(ended.size() == 1);
    CHECK(ended.front().count == 2);
  }

  TEST_CASE("a window that is over with nothing left out begins anew with the next line") {
    Folding folding(10s);
    CHECK(folding.first("a", start));
    CHECK(folding.first("a", start + 10s));
    CHECK(!folding.first("a", start + 11s));
    CHECK(folding.next_end() == start + 20s);
  }

  TEST_CASE("over the bound of windows lines are written, not kept") {
    Folding folding(10s, 2);
    CHECK(folding.first("a", start));
    CHECK(folding.first("b", start));
    CHECK(folding.first("c", start));
    CHECK(folding.first("c", start));
    CHECK(!folding.first("a", start));
    CHECK(folding.end_windows(start, true).size() == 1);
    CHECK(folding.first("c", start));
    CHECK(!folding.first("c", start));
  }

  TEST_CASE("a clock that goes back ends the window") {
    Folding folding(10s);
    CHECK(folding.first("a", start));
    CHECK(!folding.first("a", start + 1s));
    CHECK(folding.end_windows(start - 1h).size() == 1);
    CHECK(folding.first("a", start - 1h));
  }
}
