#include "relay/delivery/hold_warnings.hpp"

#include <doctest/doctest.h>

#include <string>

namespace delivery {
namespace {

using namespace std::chrono_literals;
using policy::Reason;

const spool::WallTime noon{std::chrono::sys_days(std::chrono::year(2026) / 11 / 22) + 12h};
constexpr auto fortnight = std::chrono::days(14);

/// The times of what is held since so long after noon.
HoldTimes times(std::chrono::minutes since = 0min) { return {noon + since, fortnight}; }

}  // namespace

TEST_SUITE("relay/delivery/hold_warnings") {
  TEST_CASE("a hold has its half, its last day where that comes later, and its end") {
    struct Row {
      std::chrono::hours hold_expire, half, last_day;
    };
    for (const Row& row :
         {Row{336h, 168h, 312h}, Row{50h, 25h, 26h}, Row{48h, 24h, 48h}, Row{2h, 1h, 2h}}) {
      CAPTURE(row.hold_expire.count());
      const HoldTimes hold(noon, row.hold_expire);
      CHECK(hold.half == noon + row.half);
      CHECK(hold.last_day == noon + row.last_day);
      CHECK(hold.end == noon + row.hold_expire);
      CHECK(hold.next(noon) == hold.half);
      CHECK(hold.next(hold.half) == hold.last_day);
      CHECK(hold.next(hold.last_day) == hold.end);
      CHECK(hold.next(hold.end) == hold.end);
    }
  }

  TEST_CASE("a site is warned at half time and on the last day, once each") {
    HoldWarnings warnings;
    const auto hold = times();
    CHECK_FALSE(warnings.due("shop", Reason::domain, hold, hold.half - 1ms));
    CHECK(warnings.due("shop", Reason::domain, hold, hold.half) == WarningStage::half);
    CHECK(warnings.due("shop", Reason::domain, hold, hold.half + 3h) == WarningStage::half);
    warnings.told("shop", Reason::domain, WarningStage::half, hold.half + 3h);
    CHECK_FALSE(warnings.due("shop", Reason::domain, hold, hold.half + 3h));
    CHECK_FALSE(warnings.due("shop", Reason::domain, hold, hold.last_day - 1ms));
    CHECK(warnings.due("shop", Reason::domain, hold, hold.last_day) == WarningStage::last_day);
    warnings.told("shop", Reason::domain, WarningStage::last_day, hold.last_day);
    CHECK_FALSE(warnings.due("shop", Reason::domain, hold, hold.end));
  }

  TEST_CASE("one warning speaks for what comes to its stage within a day, of one app and reason") {
    HoldWarnings warnings;
    const auto now = times().half;
    warnings.told("shop", Reason::domain, WarningStage::half, now);
    const auto next_day = now + 24h;
    CHECK_FALSE(warnings.due("shop", Reason::domain, times(1439min), next_day));
    CHECK(warnings.due("shop", Reason::domain, times(1440min), next_day) == WarningStage::half);
    CHECK(warnings.due("blog", Reason::domain, times(), now) == WarningStage::half);
    CHECK(warnings.due("shop", Reason::by_hand, times(), now) == WarningStage::half);
  }

  TEST_CASE("the warning of the last day speaks for half time too, when both were missed") {
    HoldWarnings warnings;
    const auto hold = times();
    warnings.told("shop", Reason::domain, WarningStage::last_day, hold.last_day);
    const HoldTimes younger{hold.last_day - fortnight / 2, fortnight};
    CHECK_FALSE(warnings.due("shop", Reason::domain, younger, hold.last_day));
  }

  TEST_CASE("what was told is known after a restart, and what cannot be read is left out") {
    HoldWarnings before;
    const auto now = times().half;
    before.told("shop", Reason::domain, WarningStage::half, now);
    before.told("blog", Reason::signing, WarningStage::last_day, times().last_day);
    HoldWarnings after;
    after.recall("7 half no-such-reason shop\n7 never domain shop\n" + before.kept());
    CHECK(after.kept() == before.kept());
    CHECK_FALSE(after.due("shop", Reason::domain, times(), now));
    CHECK_FALSE(after.due("blog", Reason::signing, times(), times().last_day));
    after.recall("x half domain news\n");
    CHECK(after.due("news", Reason::domain, times(), now) == WarningStage::half);
  }

  TEST_CASE(
      "a clock that is set back a little warns of nothing twice, one that was wrong is not "
      "believed") {
    HoldWarnings warnings;
    const auto hold = times();
    warnings.told("shop", Reason::domain, WarningStage::half, hold.half + 1h);
    CHECK_FALSE(warnings.due("shop", Reason::domain, hold, hold.half + 59min));
    warnings.told("blog", Reason::domain, WarningStage::half, hold.half + 24h * 3650);
    CHECK(warnings.due("blog", Reason::domain, hold, hold.half) == WarningStage::half);
  }

  TEST_CASE("beyond the bound what was told longest ago is forgotten") {
    HoldWarnings warnings;
    const auto app = [](std::size_t number) { return "app" + std::to_string(number); };
    const auto now = times().half;
    for (std::size_t i = 0; i <= HoldWarnings::most; ++i)
      warnings.told(app(i), Reason::domain, WarningStage::half, now + std::chrono::seconds(i));
    CHECK(warnings.due(app(0), Reason::domain, times(), now) == WarningStage::half);
    CHECK_FALSE(warnings.due(app(1), Reason::domain, times(), now));
    CHECK_FALSE(warnings.due(app(HoldWarnings::most), Reason::domain, times(), now));
  }
}

}  // namespace delivery
