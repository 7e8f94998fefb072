#include "policy/standing.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

using policy::Counts;
using policy::ReputationRules;
using policy::Standing;
using policy::StandingState;
using policy::StandingStep;
using policy::WallTime;
using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;

namespace {

const WallTime start = std::chrono::sys_days{std::chrono::year{2026} / 3 / 2} + hours(10);

using Windows = std::vector<Counts>;

const Windows nothing{{}, {}};
const Windows clean{{400, 4, 0}, {9000, 90, 1}};
const Windows near_the_limit{{400, 34, 0}, {9000, 100, 1}};
const Windows over_the_limit{{400, 120, 0}, {9000, 200, 1}};
const Windows complained_of{{1000, 0, 20}, {9000, 100, 20}};
/// What half the minimum counts make enough of, on trial.
const Windows few_but_bad{{50, 20, 0}, {50, 20, 0}};

Standing standing(StandingState state, WallTime since = start, std::uint32_t offences = 0) {
  const bool on_trial = state == StandingState::restricted || state == StandingState::probation;
  return {.state = state,
          .since = since,
          .counted_from = on_trial ? since : WallTime{},
          .offences = offences,
          .by_hand = std::nullopt};
}

StandingStep look(const Standing& before,
                  const Windows& windows,
                  WallTime now,
                  bool trusted = true) {
  return policy::after_look(before, "shop", ReputationRules{}, windows, now, trusted);
}

/// The word of the state after a look.
std::string_view state_after(const Standing& before, const Windows& windows, WallTime now) {
  return policy::word(look(before, windows, now).standing.state);
}

bool says(const StandingStep& step, std::string_view words) {
  return step.transition && step.transition->sentence.find(words) != std::string::npos;
}

}  // namespace

TEST_CASE("a look takes one step, by the mail that counts") {
  using enum StandingState;
  struct Row {
    StandingState state;
    const Windows& windows;
    hours later;
    std::string_view expected;
  };
  for (const Row& row : {Row{normal, nothing, hours(1), "normal"},
                         Row{normal, clean, hours(1), "normal"},
                         Row{normal, few_but_bad, hours(1), "normal"},
                         Row{normal, near_the_limit, hours(1), "warned"},
                         Row{normal, over_the_limit, hours(1), "warned"},
                         Row{normal, complained_of, hours(1), "warned"},
                         Row{warned, clean, hours(167), "warned"},
                         Row{warned, clean, hours(168), "normal"},
                         Row{warned, near_the_limit, hours(1000), "warned"},
                         Row{warned, over_the_limit, hours(0), "restricted"},
                         Row{warned, complained_of, hours(0), "restricted"},
                         Row{restricted, clean, hours(71), "restricted"},
                         Row{restricted, clean, hours(72), "probation"},
                         Row{restricted, nothing, hours(72), "probation"},
                         Row{restricted, few_but_bad, hours(1), "blocked"},
                         Row{restricted, near_the_limit, hours(1), "blocked"},
                         Row{restricted, few_but_bad, hours(100), "blocked"},
                         Row{blocked, clean, hours(10000), "blocked"},
                         Row{blocked, nothing, hours(10000), "blocked"},
                         Row{probation, clean, hours(71), "probation"},
                         Row{probation, clean, hours(72), "normal"},
                         Row{probation, nothing, hours(72), "probation"},
                         Row{probation, nothing, hours(335), "probation"},
                         Row{probation, nothing, hours(336), "normal"},
                         Row{probation, few_but_bad, hours(0), "restricted"},
                         Row{probation, near_the_limit, hours(400), "restricted"}}) {
    CAPTURE(policy::word(row.state));
    CAPTURE(row.later.count());
    CHECK(state_after(standing(row.state, start, 1), row.windows, start + row.later) ==
          row.expected);
  }
}

TEST_CASE("only a restriction and probation begin counting anew") {
  const WallTime now = start + days(8);
  const Standing before = standing(StandingState::warned);
  CHECK(look(before, clean, now).standing.counted_from == WallTime{});
  CHECK(look(before, over_the_limit, now).standing.counted_from == now);
  CHECK(look(standing(StandingState::restricted), few_but_bad, now).standing.counted_from == start);
  CHECK(look(standing(StandingState::restricted), clean, now).standing.counted_from == now);
  CHECK(look(standing(StandingState::probation), clean, now).standing.counted_from == start);
}

TEST_CASE("each further offence doubles the restriction, and 90 days of good standing forget it") {
  Standing at = standing(StandingState::warned);
  WallTime now = start;
  for (const int expected : {72, 144, 288, 576, 720, 720}) {
    at = look(at, over_the_limit, now).standing;
    REQUIRE(at.state == StandingState::restricted);
    CAPTURE(expected);
    CHECK(look(at, clean, now + hours(expected) - minutes(1)).standing.state ==
          StandingState::restricted);
    now += hours(expected);
    at = look(at, clean, now).standing;
    REQUIRE(at.state == StandingState::probation);
    now += hours(1);
  }
  const Standing mended = look(at, clean, now + hours(72)).standing;
  REQUIRE(mended.state == StandingState::normal);
  for (const auto& [later, offences] : {std::pair(days(80), 7U), std::pair(days(91), 1U)}) {
    const WallTime then = now + later;
    const Standing warned = look(mended, over_the_limit, then).standing;
    CHECK(look(warned, over_the_limit, then).standing.offences == offences);
  }
}

TEST_CASE("nothing changes while the clock is not trusted or is before the last step") {
  for (const StandingState state : policy::standing_states) {
    for (const Windows& windows : {clean, few_but_bad, over_the_limit}) {
      CAPTURE(policy::word(state));
      const Standing before = standing(state);
      CHECK_FALSE(look(before, windows, start + days(1000), false).transition);
      CHECK(look(before, windows, start + days(1000), false).standing.state == state);
      CHECK_FALSE(look(before, windows, start - minutes(1)).transition);
    }
  }
}

TEST_CASE("a step tells the site's contact what happened, with figures, and what to do") {
  const StandingStep warned = look(standing(StandingState::normal), near_the_limit, start);
  REQUIRE(warned.transition);
  CHECK(warned.transition->from == StandingState::normal);
  CHECK(warned.transition->to == StandingState::warned);
  CHECK(warned.transition->sentence ==
        "Of the mail of shop, 34 of 400 recipients bounced in 24 hours (8.5 %): if it goes on, new "
        "recipients will be refused. Protect forms that mail to whatever address is typed in, and "
        "take out addresses that do not exist.");
  const StandingStep restricted = look(warned.standing, complained_of, start);
  CHECK(
      says(restricted, "20 of 1000 recipients complained in 24 hours (2 %): for 3 days at least"));
  CHECK(says(restricted, "only recipients reached in the last 90 days get mail"));
  const StandingStep blocked = look(restricted.standing, few_but_bad, start + hours(2));
  CHECK(says(blocked, "20 of 50 recipients bounced in 2 hours (40 %), among recipients reached"));
  CHECK(says(blocked, "until the operator of the relay releases it"));
  const StandingStep probation = policy::after_release(blocked.standing, "shop", start + days(1));
  CHECK(says(probation, "shop may mail all recipients again, on probation"));
  const StandingStep normal = look(probation.standing, clean, start + days(4));
  CHECK(says(normal, "The mail of shop is in good standing again."));
  CHECK_FALSE(look(normal.standing, clean, start + days(5)).transition);
}

TEST_CASE("an override is in force until its end, and the machine rests meanwhile") {
  const policy::StandingOverride by_hand{.state = StandingState::normal,
                                         .since = start,
                                         .until = start + days(2),
                                         .reason = "moved to a new host,\r\nold list"};
  const StandingStep step =
      policy::after_override(standing(StandingState::restricted), "shop", by_hand);
  CHECK(says(step, "The operator of the relay has allowed the mail of shop"));
  CHECK(says(step, "until 2026-03-04 10:00 UTC: moved to a new host,??old list"));
  CHECK(policy::in_force(step.standing, start + days(1)) == StandingState::normal);
  CHECK(policy::in_force(step.standing, start + days(2)) == StandingState::restricted);
  CHECK_FALSE(look(step.standing, over_the_limit, start + days(2) - minutes(1)).transition);
  const StandingStep ended = look(step.standing, over_the_limit, start + days(2));
  CHECK(ended.standing.state == StandingState::probation);
  CHECK(ended.standing.counted_from == start);  // what was sent meanwhile is judged
  CHECK_FALSE(ended.standing.by_hand);
  CHECK(look(ended.standing, over_the_limit, start + days(2)).standing.state ==
        StandingState::restricted);
}

TEST_CASE(
    "an override that imposes ends in probation, one that allowed an untroubled app in none") {
  using enum StandingState;
  struct Row {
    StandingState state;
    StandingState imposed;
    std::string_view expected;
  };
  for (const Row& row : {Row{normal, blocked, "probation"},
                         Row{normal, restricted, "probation"},
                         Row{warned, blocked, "probation"},
                         Row{normal, normal, "normal"},
                         Row{warned, normal, "warned"},
                         Row{restricted, normal, "probation"},
                         Row{blocked, normal, "probation"}}) {
    CAPTURE(policy::word(row.state));
    CAPTURE(policy::word(row.imposed));
    const auto step = policy::after_override(
        standing(row.state),
        "shop",
        {.state = row.imposed, .since = start, .until = start + hours(1), .reason = "because"});
    CHECK(step.transition.has_value() == (row.state != row.imposed));
    CHECK(policy::in_force(step.standing, start) == row.imposed);
    CHECK(state_after(step.standing, clean, start + hours(1)) == row.expected);
  }
}

TEST_CASE("a release by hand puts on probation what was held back, and only that") {
  using enum StandingState;
  for (const StandingState state : policy::standing_states) {
    CAPTURE(policy::word(state));
    const StandingStep step = policy::after_release(standing(state), "shop", start + hours(1));
    const bool held_back = state == restricted || state == blocked;
    CHECK(step.transition.has_value() == held_back);
    CHECK(step.standing.state == (held_back ? probation : state));
  }
  const auto imposed = policy::after_override(
      standing(normal),
      "shop",
      {.state = blocked, .since = start, .until = start + days(9), .reason = "phished"});
  CHECK(says(imposed, "has blocked the mail of shop; what is queued is held, until 2026-03-11"));
  const auto for_good = policy::after_override(
      standing(normal),
      "shop",
      {.state = restricted, .since = start, .until = std::nullopt, .reason = "phished"});
  CHECK(says(for_good, "to recipients it reached before, until further notice: phished"));
  CHECK(policy::in_force(for_good.standing, start + days(5000)) == restricted);
  CHECK_FALSE(look(for_good.standing, clean, start + days(5000)).transition);
  const auto released = policy::after_release(imposed.standing, "shop", start + hours(1));
  CHECK(released.standing.state == probation);
  CHECK_FALSE(released.standing.by_hand);
}

TEST_CASE("whatever is counted, steps are few and none is passed over") {
  using enum StandingState;
  const std::set<std::pair<StandingState, StandingState>> steps{{normal, warned},
                                                                {warned, normal},
                                                                {warned, restricted},
                                                                {restricted, blocked},
                                                                {restricted, probation},
                                                                {probation, restricted},
                                                                {probation, normal}};
  const std::array choices{
      &nothing, &clean, &near_the_limit, &over_the_limit, &complained_of, &few_but_bad};
  std::mt19937_64 random(5);
  for (std::size_t kinds = 1; kinds <= choices.size(); ++kinds) {
    for (int round = 0; round < 4; ++round) {
      Standing at = standing(normal);
      int changes = 0;
      for (int hour = 0; hour < 365 * 24; ++hour) {
        const Windows& windows = *choices[random() % kinds];
        const WallTime now = start + hours(hour);
        const StandingStep step = look(at, windows, now);
        if (step.transition) {
          ++changes;
          REQUIRE(steps.contains({step.transition->from, step.transition->to}));
        }
        at = step.standing;
        // What the operator does is not the machine's: blocked apps are released after a month.
        if (at.state == blocked && now >= at.since + days(30))
          at = policy::after_release(at, "shop", now).standing;
      }
      CAPTURE(kinds);
      CHECK(changes <= 2 * (365 / 7 + 1));
    }
  }
}

TEST_CASE("the words of the states are read back") {
  for (const StandingState state : policy::standing_states)
    CHECK(policy::standing_state_of(policy::word(state)) == state);
  CHECK(policy::standing_state_of("warn") == std::nullopt);
}
