#include "relay/notices/alert_fold.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace notices;
using namespace std::chrono_literals;

namespace {

constexpr AlertFold::Time start{1000h};

Alert about(std::string domain, std::string sentence = "It is wrong.") {
  return {.kind = AlertKind::domain,
          .app = "shop",
          .about = std::move(domain),
          .sentence = std::move(sentence)};
}

}  // namespace

TEST_SUITE("relay/notices/alert_fold") {
  TEST_CASE("what is new is told at once, and the last of what came since an hour later") {
    AlertFold fold;
    const auto first = fold.take(about("example.com", "one"), start);
    REQUIRE(first);
    CHECK(first->alert.sentence == "one");
    CHECK(first->more == 0);
    CHECK_FALSE(fold.take(about("example.com", "two"), start + 1min));
    CHECK_FALSE(fold.take(about("example.com", "three"), start + 2min));
    CHECK_FALSE(fold.take(about("example.com", "four"), start + 59min));
    CHECK(fold.due(start + 59min).empty());
    const auto later = fold.due(start + 1h);
    REQUIRE(later.size() == 1);
    CHECK(later.front().alert.sentence == "four");
    CHECK(later.front().more == 2);
    CHECK(fold.due(start + 3h).empty());
    CHECK(fold.take(about("example.com", "five"), start + 3h).has_value());
  }

  TEST_CASE("another kind, app or domain is another topic") {
    AlertFold fold;
    CHECK(fold.take(about("example.com"), start).has_value());
    CHECK(fold.take(about("example.org"), start).has_value());
    Alert other = about("example.com");
    other.app = "blog";
    CHECK(fold.take(other, start).has_value());
    other.kind = AlertKind::held;
    CHECK(fold.take(other, start).has_value());
    CHECK_FALSE(fold.take(other, start).has_value());
  }

  TEST_CASE("sixty are told an hour, and the rest when there is room again") {
    AlertFold fold;
    std::size_t told = 0;
    for (int i = 0; i < 100; ++i)
      told += fold.take(about(std::to_string(i) + ".example.com"), start) ? 1 : 0;
    CHECK(told == AlertFold::most_an_hour);
    CHECK(fold.due(start + 59min).empty());
    CHECK(fold.due(start + 1h).size() == 100 - AlertFold::most_an_hour);
  }

  TEST_CASE("a thousand topics are remembered, and one that is told and over makes room") {
    AlertFold fold;
    for (std::size_t i = 0; i < AlertFold::most_topics; ++i)
      static_cast<void>(fold.take(about(std::to_string(i) + ".example.com"), start));
    CHECK_FALSE(fold.take(about("late.example.com"), start));
    std::size_t told = AlertFold::most_an_hour;
    for (int hour = 1; told < AlertFold::most_topics; ++hour) {
      const auto due = fold.due(start + hour * 1h);
      REQUIRE_FALSE(due.empty());
      for (const ToldAlert& each : due) CHECK(each.alert.about != "late.example.com");
      told += due.size();
    }
    CHECK(told == AlertFold::most_topics);
    CHECK(fold.take(about("late.example.com"), start + 100h).has_value());
  }
}
