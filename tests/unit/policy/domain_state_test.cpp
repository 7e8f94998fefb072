#include "policy/domain_state.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

using policy::CheckResult;
using policy::DomainCheck;
using policy::DomainState;
using policy::DomainStatus;
using policy::WallTime;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {

const WallTime start{std::chrono::sys_days{std::chrono::year{2026} / 1 / 5}};
constexpr int ten_days = 240;  // hours
constexpr int ten_years = 87660;

/// "gbs…": good, bad, silent or unknown, in the order of DomainCheck; what is left out is good.
policy::CheckResults answers(std::string_view letters) {
  policy::CheckResults results;
  results.fill(CheckResult::good);
  for (std::size_t i = 0; i < letters.size(); ++i) {
    const auto found = std::string_view("ugbs").find(letters[i]);
    REQUIRE(found != std::string_view::npos);
    results[i] = static_cast<CheckResult>(found);
  }
  return results;
}

DomainState verified() {
  DomainState state;
  state.since = start;
  return policy::after_round(state, answers("ggg"), start - hours(1));
}

/// What is answered from an hour on, by a clock that is off by so much. "-": nothing, the relay is
/// stopped. "x/y": x in even hours, y in odd ones.
struct Phase {
  int hour;
  std::string_view letters;
  int clock_off = 0;
};

std::string_view letters_at(const Phase& phase, int hour) {
  const auto slash = phase.letters.find('/');
  if (slash == std::string_view::npos) return phase.letters;
  return hour % 2 == 0 ? phase.letters.substr(0, slash) : phase.letters.substr(slash + 1);
}

/// Ten days of hourly rounds: the statuses with the hour of each, "warning 24, revoked 144".
std::string life(DomainState state, const std::vector<Phase>& phases) {
  std::string told(policy::word(state.status));
  std::size_t now_in = 0;
  for (int hour = 0; hour < ten_days; ++hour) {
    while (now_in + 1 < phases.size() && phases[now_in + 1].hour <= hour) ++now_in;
    const Phase& phase = phases[now_in];
    if (phase.letters == "-") continue;
    const DomainStatus before = state.status;
    state = policy::after_round(
        state, answers(letters_at(phase, hour)), start + hours(hour + phase.clock_off));
    if (state.status != before)
      told += ", " + std::string(policy::word(state.status)) + " " + std::to_string(hour);
  }
  return told;
}

/// A repeatable sequence of numbers (Knuth's linear congruential generator).
class Sequence {
 public:
  explicit Sequence(std::uint64_t seed) : value_(seed) {}
  std::uint32_t next() noexcept {
    value_ = value_ * 6364136223846793005U + 1442695040888963407U;
    return static_cast<std::uint32_t>(value_ >> 32U);
  }
  std::uint32_t below(std::uint32_t bound) noexcept { return next() % bound; }

 private:
  std::uint64_t value_;
};

}  // namespace

TEST_CASE("ten days of a domain give exactly these states at these hours") {
  struct Row {
    const char* name;
    bool proved;  // begins verified, else as just added
    std::vector<Phase> phases;
    const char* told;
  };
  const std::vector<Row> rows{
      {"all right at once", false, {{0, "ggg"}}, "pending, verified 0"},
      {"published after a day", false, {{0, "bbb"}, {24, "ggg"}}, "pending, verified 24"},
      {"published one by one",
       false,
       {{0, "bbb"}, {5, "gbb"}, {10, "ggb"}, {15, "ggg"}},
       "pending, verified 15"},
      {"identity cannot be asked for", false, {{0, "bbu"}, {7, "ggu"}}, "pending, verified 7"},
      {"nothing is ever published", false, {{0, "bbb"}}, "pending, failed 72"},
      {"the key alone is missing", false, {{0, "gbg"}}, "pending, failed 72"},
      {"the challenge alone is missing", false, {{0, "bgg"}}, "pending, failed 72"},
      {"SES alone says no", false, {{0, "ggb"}}, "pending, failed 72"},
      {"right in the last hour", false, {{0, "bbb"}, {71, "ggg"}}, "pending, verified 71"},
      {"right after it failed",
       false,
       {{0, "bbb"}, {200, "ggg"}},
       "pending, failed 72, verified 200"},
      {"failed, then the key alone appears",
       false,
       {{0, "bbb"}, {100, "bgg"}},
       "pending, failed 72"},
      {"added during an outage", false, {{0, "sss"}}, "pending"},
      {"an outage of a day while pending counts one interval",
       false,
       {{0, "bbb"}, {24, "sss"}, {48, "bbb"}},
       "pending, failed 95"},
      {"the challenge silent, the rest good, is no proof", false, {{0, "sgg"}}, "pending"},
      {"the key silent, the rest good, is no proof", false, {{0, "gsg"}}, "pending"},
      {"SES silent, the rest good, is no proof",
       false,
       {{0, "ggs"}, {50, "ggg"}},
       "pending, verified 50"},
      {"good in turns, never all at once", false, {{0, "gbg/bgg"}}, "pending, failed 72"},
      {"the advice alone is bad", false, {{0, "gggbbb"}}, "pending, verified 0"},
      {"a key that was not looked at is no proof", false, {{0, "gug"}}, "pending"},
      {"stays right", true, {{0, "ggg"}}, "verified"},
      {"the challenge is removed", true, {{0, "ggg"}, {10, "bgg"}}, "verified"},
      {"the key is removed", true, {{0, "ggg"}, {24, "gbg"}}, "verified, warning 24, revoked 144"},
      {"SES withdraws its verification",
       true,
       {{0, "ggg"}, {24, "ggb"}},
       "verified, warning 24, revoked 144"},
      {"SES can no longer be asked", true, {{0, "ggg"}, {24, "ggu"}}, "verified"},
      {"one bad answer",
       true,
       {{0, "ggg"}, {24, "gbg"}, {25, "ggg"}},
       "verified, warning 24, verified 25"},
      {"mended in the last hour",
       true,
       {{0, "gbg"}, {119, "ggg"}},
       "verified, warning 0, verified 119"},
      {"revoked, then mended without the challenge",
       true,
       {{0, "bbg"}, {150, "bgg"}},
       "verified, warning 0, revoked 120, verified 150"},
      {"mended and broken again counts anew",
       true,
       {{0, "gbg"}, {100, "ggg"}, {101, "gbg"}},
       "verified, warning 0, verified 100, warning 101, revoked 221"},
      {"every second answer is good",
       true,
       {{0, "gbg"}, {4, "ggg"}, {5, "gbg"}, {9, "ggg"}},
       "verified, warning 0, verified 4, warning 5, verified 9"},
      {"ten days of outage", true, {{0, "sss"}}, "verified"},
      {"an outage of the resolver alone", true, {{0, "ssg"}}, "verified"},
      {"an outage while warned of changes nothing",
       true,
       {{0, "gbg"}, {10, "sss"}},
       "verified, warning 0"},
      {"an outage of four days counts one interval of a run",
       true,
       {{0, "gbg"}, {10, "gsg"}, {106, "gbg"}},
       "verified, warning 0, revoked 215"},
      {"bad and silent in turns is bad all the time",
       true,
       {{0, "gbg/gsg"}},
       "verified, warning 0, revoked 120"},
      {"the key bad, SES silent: the key counts",
       true,
       {{0, "gbs"}},
       "verified, warning 0, revoked 120"},
      {"the key mended, SES silent: not yet right",
       true,
       {{0, "gbg"}, {10, "ggs"}, {30, "ggg"}},
       "verified, warning 0, verified 30"},
      {"revoked, then silence",
       true,
       {{0, "gbg"}, {130, "sss"}},
       "verified, warning 0, revoked 120"},
      {"first the key is bad, then SES",
       true,
       {{0, "gbg"}, {60, "ggb"}},
       "verified, warning 0, revoked 120"},
      {"the relay stopped for a week counts one interval",
       true,
       {{0, "gbg"}, {10, "-"}, {178, "gbg"}},
       "verified, warning 0"},
      {"the relay stopped while pending counts one interval",
       false,
       {{0, "bbb"}, {10, "-"}, {160, "bbb"}},
       "pending, failed 221"},
      {"the clock is set ahead by ten years",
       true,
       {{0, "gbg"}, {10, "gbg", ten_years}},
       "verified, warning 0, revoked 119"},
      {"the clock is set back by ten years",
       true,
       {{0, "gbg"}, {10, "gbg", -ten_years}},
       "verified, warning 0, revoked 121"},
      {"the clock is set ahead while all is right",
       true,
       {{0, "ggg"}, {10, "ggg", ten_years}},
       "verified"},
      {"the clock is set ahead while pending, and back again",
       false,
       {{0, "bbb"}, {10, "bbb", ten_years}, {20, "bbb"}},
       "pending, failed 72"},
      {"the advice alone goes bad", true, {{0, "ggg"}, {10, "gggbbb"}}, "verified"},
      {"the advice alone is silent", true, {{0, "gggsss"}}, "verified"},
  };
  CHECK(rows.size() >= 30);
  for (const Row& row : rows) {
    CAPTURE(row.name);
    CHECK(life(row.proved ? verified() : DomainState{}, row.phases) == row.told);
  }
}

TEST_CASE("ten days of resolver outage leave a domain verified, and every check stale since then") {
  DomainState state = verified();
  const WallTime since = state.since;
  for (int hour = 0; hour < ten_days; ++hour)
    state = policy::after_round(state, answers("ssssss"), start + hours(hour));
  CHECK(state.status == DomainStatus::verified);
  CHECK(state.since == since);
  CHECK(state.wrong_for == seconds(0));
  CHECK(state.last_round == start + hours(ten_days - 1));
  for (const policy::CheckState& check : state.checks) {
    CHECK(check.last == CheckResult::good);
    CHECK(check.seen == start - hours(1));
    CHECK(check.silent_since == start);
  }
  state = policy::after_round(state, answers("ggsggg"), start + hours(ten_days));
  CHECK(!state.checks[static_cast<std::size_t>(DomainCheck::dkim)].silent_since);
  CHECK(state.checks[static_cast<std::size_t>(DomainCheck::identity)].silent_since == start);
}

namespace {

/// What a domain went through, counted apart from the code under test.
struct Witness {
  std::optional<WallTime> last_wrong;
  seconds evidence{0};  ///< between wrong rounds since the last right one, at most two hours each

  void see(bool wrong, bool right, WallTime now) {
    if (right) *this = {};
    if (!wrong) return;
    if (last_wrong && now > *last_wrong)
      evidence += std::min<seconds>(std::chrono::floor<seconds>(now - *last_wrong), hours(2));
    last_wrong = now;
  }
};

policy::CheckResults random_answers(Sequence& random, std::uint32_t good_in_a_hundred) {
  policy::CheckResults results;
  for (CheckResult& result : results) {
    const bool good = random.below(100) < good_in_a_hundred;
    result = good ? CheckResult::good : CheckResult::bad;
    if (random.below(10) == 0) result = CheckResult::silent;
  }
  return results;
}

/// 600 rounds of random answers at random times by a clock that is set now and then; counts the
/// changes to each status.
void live_at_random(std::uint64_t seed, std::array<int, 5>& entered) {
  constexpr policy::DomainRules rules;
  Sequence random(seed);
  const std::uint32_t goodness = random.below(100);
  DomainState state;
  Witness witness;
  WallTime now = start;
  for (int round = 0; round < 600; ++round) {
    now += seconds(random.below(3 * 3600));
    if (random.below(50) == 0) now += hours(random.below(2) == 0 ? ten_years : -ten_years);
    const policy::CheckResults results = random_answers(random, goodness);
    const auto answered = [&](DomainCheck check, CheckResult result) {
      return results[static_cast<std::size_t>(check)] == result;
    };
    const auto both = [&](CheckResult result) {
      return answered(DomainCheck::dkim, result) && answered(DomainCheck::identity, result);
    };
    const bool right = both(CheckResult::good) &&
                       (state.proved || answered(DomainCheck::ownership, CheckResult::good));
    const bool wrong = answered(DomainCheck::dkim, CheckResult::bad) ||
                       answered(DomainCheck::identity, CheckResult::bad) ||
                       (!state.proved && answered(DomainCheck::ownership, CheckResult::bad));
    const DomainStatus before = state.status;
    state = policy::after_round(state, results, now);
    witness.see(wrong, right, now);
    CHECK((state.status == DomainStatus::verified) ==
          (right || (before == DomainStatus::verified && !wrong)));
    if (state.status == before) continue;
    ++entered[static_cast<std::size_t>(state.status)];
    CHECK(state.since == now);
    if (state.status == DomainStatus::revoked) CHECK(witness.evidence >= rules.revoke_after);
    if (state.status == DomainStatus::failed) CHECK(witness.evidence >= rules.pending_limit);
  }
}

}  // namespace

TEST_CASE("no rounds revoke, fail or verify a domain without the answers for it") {
  std::array<int, 5> entered{};
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    CAPTURE(seed);
    live_at_random(seed, entered);
  }
  CHECK(entered[static_cast<std::size_t>(DomainStatus::pending)] == 0);
  for (const DomainStatus status : {DomainStatus::verified,
                                    DomainStatus::warning,
                                    DomainStatus::revoked,
                                    DomainStatus::failed}) {
    CAPTURE(policy::word(status));
    CHECK(entered[static_cast<std::size_t>(status)] > 20);
  }
}

TEST_CASE("the next round comes in these times, a tenth more or less") {
  struct Row {
    const char* name;
    DomainStatus status;
    std::uint32_t quiet;
    minutes base;
  };
  for (const Row& row :
       {Row{"just added", DomainStatus::pending, 0, minutes(1)},
        Row{"pending", DomainStatus::pending, 3, minutes(8)},
        Row{"long pending", DomainStatus::pending, 5, minutes(30)},
        Row{"pending for ever", DomainStatus::pending, 4'000'000'000U, minutes(30)},
        Row{"verified", DomainStatus::verified, 0, minutes(60)},
        Row{"long verified", DomainStatus::verified, 500, minutes(60)},
        Row{"just warned of", DomainStatus::warning, 0, minutes(1)},
        Row{"revoked", DomainStatus::revoked, 5, minutes(32)},
        Row{"long failed", DomainStatus::failed, 6, minutes(60)}}) {
    CAPTURE(row.name);
    DomainState state;
    state.status = row.status;
    state.proved = row.status != DomainStatus::pending && row.status != DomainStatus::failed;
    state.quiet_rounds = row.quiet;
    const seconds base = row.base;
    CHECK(policy::until_next_round(state, 0) == base - base / 10);
    CHECK(policy::until_next_round(state, UINT32_MAX) == base + base / 10);
    CHECK(policy::until_next_round(state, UINT32_MAX / 2) == base);
    state.checks[static_cast<std::size_t>(DomainCheck::dkim)].silent_since = start;
    CHECK(policy::until_next_round(state, UINT32_MAX / 2) == minutes(5));
  }
}

TEST_CASE("a check that no status hangs on hurries no round when it is silent") {
  DomainState state = policy::after_round(verified(), answers("sggsss"), start);
  CHECK(policy::until_next_round(state, UINT32_MAX / 2) == minutes(60));
  state = policy::after_round(verified(), answers("ggs"), start);
  CHECK(policy::until_next_round(state, UINT32_MAX / 2) == minutes(5));
}

TEST_CASE("rounds that change nothing come further apart, and a change brings them back") {
  DomainState state;
  const auto quiet_after = [&](std::string_view letters) {
    state = policy::after_round(state, answers(letters), start);
    return state.quiet_rounds;
  };
  CHECK(quiet_after("bbb") == 0);  // the first answers
  CHECK(quiet_after("bbb") == 1);
  CHECK(quiet_after("bbb") == 2);
  CHECK(quiet_after("bbs") == 3);  // still bad without SES
  CHECK(quiet_after("sss") == 3);
  CHECK(quiet_after("gbb") == 0);
  CHECK(quiet_after("gbb") == 1);
  CHECK(quiet_after("ggg") == 0);
}

TEST_CASE("rounds at the times that are asked for end a pending domain soon after its limit") {
  DomainState state;
  Sequence random(7);
  WallTime now = start;
  int rounds = 0;
  for (; state.status == DomainStatus::pending && rounds < 1000; ++rounds) {
    state = policy::after_round(state, answers("bbb"), now);
    now += policy::until_next_round(state, random.next());
  }
  CHECK(state.status == DomainStatus::failed);
  CHECK(state.since - start >= hours(72));
  CHECK(state.since - start <= hours(72) + minutes(33));
  CHECK(rounds > 72 * 60 / 33);
  CHECK(rounds < 72 * 60 / 27 + 8);
}

TEST_CASE("mail leaves under verified and warning alone, and each status has its word") {
  struct Row {
    DomainStatus status;
    const char* word;
    bool sends;
  };
  for (const Row& row : {Row{DomainStatus::pending, "pending", false},
                         Row{DomainStatus::verified, "verified", true},
                         Row{DomainStatus::warning, "warning", true},
                         Row{DomainStatus::revoked, "revoked", false},
                         Row{DomainStatus::failed, "failed", false}}) {
    CAPTURE(row.word);
    CHECK(policy::word(row.status) == row.word);
    CHECK(policy::domain_status_of(row.word) == row.status);
    CHECK(policy::may_send(row.status) == row.sends);
  }
  CHECK(!policy::domain_status_of("Verified"));
  CHECK(!policy::domain_status_of(""));
}

TEST_CASE("each check has the word that metric and API show") {
  CHECK(policy::word(DomainCheck::ownership) == "ownership");
  CHECK(policy::word(DomainCheck::dkim) == "dkim");
  CHECK(policy::word(DomainCheck::identity) == "ses_identity");
  CHECK(policy::word(DomainCheck::mail_from) == "mail_from");
  CHECK(policy::word(DomainCheck::spf) == "spf");
  CHECK(policy::word(DomainCheck::dmarc) == "dmarc");
}
