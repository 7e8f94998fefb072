#include "policy/standing.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <utility>
#include <vector>

using policy::Counts;
using policy::ReputationRules;
using policy::Standing;
using policy::StandingState;
using policy::WallTime;
using std::chrono::hours;

namespace {

const WallTime start = std::chrono::sys_days{std::chrono::year{2026} / 3 / 2};
const ReputationRules rules;

/// A repeatable stream of chances.
class Chance {
 public:
  explicit Chance(std::uint64_t seed) : random_(seed) {}

  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }

  /// How many trials until one succeeds: the distance from one bounce to the next.
  std::uint64_t gap(double share) {
    constexpr double unit = 1.0 / 9007199254740992.0;  // 2^-53
    const double uniform = (static_cast<double>(random_() >> 11U) + 0.5) * unit;
    return static_cast<std::uint64_t>(std::log(uniform) / std::log1p(-share)) + 1;
  }

 private:
  std::mt19937_64 random_;
};

/// Events of a constant share of mail.
class Stream {
 public:
  Stream(double share, Chance& chance) : share_(share), chance_(chance) { set_next(); }

  std::uint64_t among(std::uint64_t sent) {
    std::uint64_t events = 0;
    for (; next_ <= sent; ++events) next_ += share_ > 0.0 ? chance_.get().gap(share_) : never;
    next_ -= sent;
    return events;
  }

 private:
  static constexpr std::uint64_t never = std::uint64_t{1} << 60U;
  void set_next() { next_ = share_ > 0.0 ? chance_.get().gap(share_) : never; }
  double share_;
  std::reference_wrapper<Chance> chance_;
  std::uint64_t next_ = 0;
};

/// What the spool does: cohorts by the hour, and the sum of each window kept up as hours pass.
class Ledger {
 public:
  explicit Ledger(int total_hours) : cohorts_(static_cast<std::size_t>(total_hours)) {}

  /// Adds to the mail of an hour, also of one long past.
  void add(int hour, const Counts& counts) {
    cohorts_[static_cast<std::size_t>(hour)] += counts;
    for (Window& window : windows_) {
      if (hour >= window.first) window.sum += counts;
    }
  }

  /// The windows' counts for a standing, at the end of an hour.
  const std::array<Counts, 2>& windows(const Standing& standing, WallTime now) {
    for (std::size_t i = 0; i < windows_.size(); ++i) {
      const WallTime begin = policy::window_start(rules.windows[i], standing.counted_from, now);
      move_to(windows_[i], static_cast<int>((std::max(begin, start) - start) / hours(1)));
      sums_[i] = windows_[i].sum;
    }
    return sums_;
  }

 private:
  struct Window {
    int first = 0;
    Counts sum;
  };

  void move_to(Window& window, int first) {
    for (; window.first < first; ++window.first) {
      if (window.first >= static_cast<int>(cohorts_.size())) continue;
      const Counts& left = cohorts_[static_cast<std::size_t>(window.first)];
      window.sum.sent -= left.sent;
      window.sum.bounces -= left.bounces;
      window.sum.complaints -= left.complaints;
    }
  }

  std::vector<Counts> cohorts_;
  std::array<Window, 2> windows_{};
  std::array<Counts, 2> sums_{};
};

struct Habits {
  std::uint64_t mails_a_day;
  double bounces;
  double complaints;
};

/// A site that mails by day more than by night, bounces at once and is complained of some days on.
class Site {
 public:
  Site(const Habits& habits, Chance& chance, int total_hours)
      : habits_(habits),
        chance_(chance),
        bounces_(habits.bounces, chance),
        complaints_(habits.complaints, chance),
        ledger_(total_hours),
        complaints_to_come_(static_cast<std::size_t>(total_hours)) {}

  /// One hour's mail and events, then a look. The states of the step, if it was one.
  std::optional<policy::Transition> live(int hour) {
    send(hour);
    for (const int sent_at : complaints_to_come_[static_cast<std::size_t>(hour)])
      ledger_.add(sent_at, {0, 0, 1});
    const WallTime now = start + hours(hour + 1);
    auto step = policy::after_look(
        std::move(standing_), "site", rules, ledger_.windows(standing_, now), now, true);
    standing_ = std::move(step.standing);
    return std::move(step.transition);
  }

  void take_up(const Habits& habits) {
    habits_ = habits;
    bounces_ = Stream(habits.bounces, chance_);
    complaints_ = Stream(habits.complaints, chance_);
  }

  const Standing& standing() const { return standing_; }
  void release(int hour) {
    standing_ = policy::after_release(standing_, "site", start + hours(hour + 1)).standing;
  }

 private:
  void send(int hour) {
    if (standing_.state == StandingState::blocked) return;
    const bool by_day = hour % 24 >= 8 && hour % 24 < 22;
    const std::uint64_t share = by_day ? 62 : 13;  // thousandths of the day's, 14 and 10 hours
    const std::uint64_t most = 2 * habits_.mails_a_day * share;
    const std::uint64_t sent = (chance_.get().below(most + 1) + chance_.get().below(1000)) / 1000;
    ledger_.add(hour, {sent, bounces_.among(sent), 0});
    for (std::uint64_t i = complaints_.among(sent); i > 0; --i) complain(hour);
  }

  void complain(int sent_at) {
    const std::size_t heard = static_cast<std::size_t>(sent_at) + 1 + chance_.get().below(72);
    if (heard < complaints_to_come_.size()) complaints_to_come_[heard].push_back(sent_at);
  }

  Habits habits_;
  std::reference_wrapper<Chance> chance_;
  Stream bounces_;
  Stream complaints_;
  Ledger ledger_;
  std::vector<std::vector<int>> complaints_to_come_;
  Standing standing_;
};

bool held_back(StandingState state) {
  return state == StandingState::restricted || state == StandingState::blocked;
}

/// The hour in which a site is first restricted, or nothing in `total_hours`.
std::optional<int> first_restricted(const Habits& habits, Chance& chance, int total_hours) {
  Site site(habits, chance, total_hours);
  for (int hour = 0; hour < total_hours; ++hour) {
    const auto step = site.live(hour);
    if (step && held_back(step->to)) return hour;
  }
  return std::nullopt;
}

}  // namespace

TEST_CASE("of healthy sites at most one in twenty is ever restricted in a year") {
  constexpr int sites = 200;
  constexpr int year = 365 * 24;
  Chance chance(1);
  int ever = 0;
  int steps = 0;
  for (int i = 0; i < sites; ++i) {
    const Habits healthy{
        .mails_a_day = 50 + chance.below(451), .bounces = 0.03, .complaints = 0.0005};
    Site site(healthy, chance, year);
    bool restricted = false;
    for (int hour = 0; hour < year; ++hour) {
      const auto step = site.live(hour);
      steps += step ? 1 : 0;
      restricted = restricted || (step && held_back(step->to));
    }
    ever += restricted ? 1 : 0;
  }
  MESSAGE(ever << " of " << sites << " healthy sites were restricted within a year, " << steps
               << " steps in all");
  CHECK(steps <= 2 * sites);  // a warning that comes and goes, now and then
  CHECK(ever <= sites / 20);
}

TEST_CASE("8 % bounces and 1 % complaints are always caught, and when") {
  struct Row {
    Habits habits;
    int days;
  };
  constexpr int sites = 60;
  Chance chance(2);
  for (const Row& row : {Row{{50, 0.08, 0}, 60},
                         Row{{100, 0.08, 0}, 30},
                         Row{{500, 0.08, 0}, 7},
                         Row{{50, 0, 0.01}, 45},
                         Row{{100, 0, 0.01}, 25},
                         Row{{500, 0, 0.01}, 9}}) {
    int latest = 0;
    std::vector<int> days;
    for (int i = 0; i < sites; ++i) {
      const auto hour = first_restricted(row.habits, chance, row.days * 24);
      CAPTURE(row.habits.mails_a_day);
      CAPTURE(row.habits.bounces);
      REQUIRE(hour);
      latest = std::max(latest, *hour / 24 + 1);
      days.push_back(*hour / 24 + 1);
    }
    std::nth_element(days.begin(), days.begin() + sites / 2, days.end());
    MESSAGE(row.habits.mails_a_day << " a day, " << row.habits.bounces << " bounces, "
                                   << row.habits.complaints << " complaints: day "
                                   << days[sites / 2] << " of half the sites, day " << latest
                                   << " at the latest");
  }
}

TEST_CASE(
    "a week of a spammy app: warned, restricted, blocked, probation and back, others' apart") {
  constexpr int week = 7 * 24;
  constexpr int spam_from = 24;
  constexpr int released_at = 72;
  Chance chance(3);
  Chance others_chance(4);
  const Habits clean{.mails_a_day = 900, .bounces = 0.005, .complaints = 0.0001};
  const Habits spam{.mails_a_day = 2000, .bounces = 0.25, .complaints = 0.004};
  Site spammy(clean, chance, week);
  std::vector<Site> others(4, Site(clean, others_chance, week));
  std::string told;
  for (int hour = 0; hour < week; ++hour) {
    if (hour == spam_from) spammy.take_up(spam);
    if (hour == released_at) {
      REQUIRE(spammy.standing().state == StandingState::blocked);
      spammy.release(hour);
      spammy.take_up(clean);
      told += "released ";
    }
    if (const auto step = spammy.live(hour)) told += std::string(policy::word(step->to)) + ' ';
    for (Site& other : others) CHECK_FALSE(other.live(hour));
  }
  CHECK(told == "warned restricted blocked released normal ");
  CHECK(spammy.standing().offences == 1);
}

TEST_CASE("an app that never mends is restricted ever longer, and steps ever less often") {
  constexpr int year = 365 * 24;
  Chance chance(5);
  const Habits bad{.mails_a_day = 300, .bounces = 0.2, .complaints = 0};
  const Habits mended_for_those_it_knows{.mails_a_day = 30, .bounces = 0, .complaints = 0};
  Site site(bad, chance, year);
  int steps = 0;
  int free_hours = 0;
  for (int hour = 0; hour < year; ++hour) {
    const auto step = site.live(hour);
    if (step) {
      ++steps;
      site.take_up(held_back(step->to) ? mended_for_those_it_knows : bad);
    }
    free_hours += held_back(site.standing().state) ? 0 : 1;
  }
  CHECK(steps <= 40);
  CHECK(free_hours < 30 * 24);
  CHECK(site.standing().offences >= 10);
}
