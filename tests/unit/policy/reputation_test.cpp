#include "policy/reputation.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using policy::Counts;
using policy::Feedback;
using policy::Level;
using policy::ReputationRules;
using policy::WallTime;
using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;

namespace {

const WallTime start = std::chrono::sys_days{std::chrono::year{2026} / 3 / 2} + hours(10);

policy::Judgement judged(const Counts& day, const Counts& month) {
  const std::vector<Counts> windows{day, month};
  return policy::judge(ReputationRules{}, windows);
}

policy::Judgement judged(const Counts& day) { return judged(day, {}); }

}  // namespace

TEST_CASE("below a minimum count nothing is judged, whatever the share") {
  CHECK(judged({99, 99, 99}).level == Level::ok);
  CHECK(judged({100, 9, 4}).level == Level::ok);
  CHECK(judged({100, 9, 4}).calm);
  CHECK(judged({100, 100, 0}).level == Level::over);
  CHECK(judged({100, 0, 5}).level == Level::over);
  CHECK(judged({0, 0, 0}).level == Level::ok);
}

TEST_CASE("the share that is proved decides, not the raw one") {
  struct Row {
    Counts day;
    Level level;
  };
  for (const Row& row : {Row{{100, 10, 0}, Level::warn},
                         Row{{100, 13, 0}, Level::warn},
                         Row{{100, 14, 0}, Level::over},
                         Row{{1000, 51, 0}, Level::ok},
                         Row{{1000, 52, 0}, Level::warn},
                         Row{{1000, 77, 0}, Level::warn},
                         Row{{1000, 78, 0}, Level::over},
                         Row{{10000, 368, 0}, Level::ok},
                         Row{{10000, 369, 0}, Level::warn},
                         Row{{10000, 587, 0}, Level::warn},
                         Row{{10000, 588, 0}, Level::over},
                         Row{{1000, 0, 5}, Level::warn},
                         Row{{1000, 0, 6}, Level::over},
                         Row{{10000, 0, 14}, Level::ok},
                         Row{{10000, 0, 15}, Level::warn},
                         Row{{10000, 0, 22}, Level::warn},
                         Row{{10000, 0, 23}, Level::over}}) {
    CAPTURE(row.day.sent);
    CAPTURE(row.day.bounces);
    CAPTURE(row.day.complaints);
    CHECK(judged(row.day).level == row.level);
  }
}

TEST_CASE("a longer window proves the same with fewer, for it is looked at anew less often") {
  CHECK(judged({1000, 75, 0}, {}).level == Level::warn);
  CHECK(judged({}, {1000, 75, 0}).level == Level::over);
}

TEST_CASE("the worst measure is the one that decided") {
  const auto both = judged({1000, 200, 6}, {20000, 300, 12});
  CHECK(both.level == Level::over);
  CHECK(both.worst.feedback == Feedback::bounces);
  CHECK(both.worst.window == hours(24));
  CHECK(both.worst.events == 200);
  CHECK(both.worst.sent == 1000);
  CHECK(both.worst.limit == doctest::Approx(0.05));
  CHECK(both.worst.proved > 0.05);
  // Complaints that warn come before bounces that are nearer to their limit and do not.
  const auto mixed = judged({}, {100000, 3100, 75});
  CHECK(mixed.level == Level::warn);
  CHECK(mixed.worst.feedback == Feedback::complaints);
}

TEST_CASE("calm is four fifths of what warns, in every window") {
  CHECK(judged({}, {100000, 2500, 0}).calm);
  CHECK_FALSE(judged({}, {100000, 2700, 0}).calm);
  CHECK(judged({}, {100000, 2700, 0}).level == Level::ok);
  CHECK_FALSE(judged({1000, 100, 0}, {100000, 1000, 0}).calm);
}

TEST_CASE("a window begins with an hour, and after the hour in which counting begins anew") {
  const WallTime now = start + minutes(30);
  CHECK(policy::window_start(hours(24), {}, now) == start - hours(24));
  CHECK(policy::window_start(hours(24), start - hours(3), now) == start - hours(3));
  CHECK(policy::window_start(hours(24), start - minutes(1), now) == start);
  CHECK(policy::window_start(hours(24), start + minutes(1), now) == start + hours(1));
  CHECK(policy::window_start(days(30), start - days(31), now) == start - days(30));
}

TEST_CASE("the account is worse at once, and well again when it is calm") {
  const auto calm = judged({1000, 10, 0});
  const auto hovers = judged({}, {100000, 2700, 0});
  const auto near = judged({1000, 60, 0});
  const auto over = judged({1000, 100, 0});
  struct Row {
    Level before;
    const policy::Judgement& judgement;
    Level after;
  };
  for (const Row& row : {Row{Level::ok, calm, Level::ok},
                         Row{Level::ok, hovers, Level::ok},
                         Row{Level::ok, near, Level::warn},
                         Row{Level::ok, over, Level::over},
                         Row{Level::warn, hovers, Level::warn},
                         Row{Level::warn, near, Level::warn},
                         Row{Level::warn, over, Level::over},
                         Row{Level::warn, calm, Level::ok},
                         Row{Level::over, near, Level::over},
                         Row{Level::over, hovers, Level::over},
                         Row{Level::over, calm, Level::ok}}) {
    CAPTURE(policy::word(row.before));
    CAPTURE(policy::word(row.judgement.level));
    CHECK(policy::account_level(row.before, row.judgement) == row.after);
  }
}

TEST_CASE("a ratio of nothing is none") {
  CHECK(policy::ratio(0, 0) == 0.0);
  CHECK(policy::ratio(3, 0) == 0.0);
  CHECK(policy::ratio(3, 12) == 0.25);
}

TEST_CASE("a sentence gives the raw figures") {
  CHECK(policy::sentence_of(
            {.feedback = Feedback::bounces, .window = hours(24), .events = 12, .sent = 300}) ==
        "12 of 300 recipients bounced in 24 hours (4 %)");
  CHECK(policy::sentence_of(
            {.feedback = Feedback::complaints, .window = days(30), .events = 7, .sent = 4100}) ==
        "7 of 4100 recipients complained in 30 days (0.171 %)");
}

TEST_CASE("the account is measured by AWS's limits, whatever an app's own are") {
  ReputationRules lenient;
  lenient.bounce_block = 0.5;
  lenient.complaint_block = 0.5;
  const std::vector<policy::AppCounts> apps{{"shop", {{1000, 10, 0}, {30000, 300, 0}}},
                                            {"spam", {{1000, 200, 0}, {2000, 200, 0}}},
                                            {"blog", {{10, 0, 0}, {300, 1, 0}}}};
  const auto account = policy::judge_account(lenient, apps);
  CHECK(account.judgement.level == Level::over);
  CHECK(account.judgement.worst.limit == doctest::Approx(0.05));
  CHECK(account.contributor == "spam");
  CHECK(account.sentence ==
        "Of the whole account 210 of 2010 recipients bounced in 24 hours (10.4 %); Amazon reviews "
        "an account at 5 %. Most of the excess is mail of spam: look at that app first.");
}

TEST_CASE("of the account's apps the one with the most excess is named, not the largest") {
  const std::vector<policy::AppCounts> apps{{"large", {{}, {100000, 1500, 40}}},
                                            {"small", {{}, {4000, 100, 60}}}};
  const auto account = policy::judge_account(ReputationRules{}, apps);
  CHECK(account.judgement.level == Level::warn);
  CHECK(account.judgement.worst.feedback == Feedback::complaints);
  CHECK(account.contributor == "small");
}

TEST_CASE("nothing is said of an account that is well, nor of one without apps") {
  const std::vector<policy::AppCounts> apps{{"shop", {{1000, 10, 0}, {30000, 300, 0}}}};
  CHECK(policy::judge_account(ReputationRules{}, apps).sentence.empty());
  CHECK(policy::judge_account(ReputationRules{}, {}).contributor.empty());
}
