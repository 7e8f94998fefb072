#include "policy/domain_state.hpp"

#include <algorithm>
#include <span>

namespace policy {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::array<std::string_view, 5> status_words{
    "pending", "verified", "warning", "revoked", "failed"};
static_assert(status_words.size() == static_cast<std::size_t>(DomainStatus::failed) + 1);

constexpr std::array all_required{DomainCheck::ownership, DomainCheck::dkim, DomainCheck::identity};

std::span<const DomainCheck> required_checks(const DomainState& state) noexcept {
  return std::span(all_required).subspan(state.proved ? 1 : 0);
}

enum class Round : std::uint8_t { right, wrong, undecided };

Round judge_round(const DomainState& state, const CheckResults& results) noexcept {
  Round round = Round::right;
  for (const DomainCheck check : required_checks(state)) {
    const CheckResult result = results[static_cast<std::size_t>(check)];
    if (result == CheckResult::bad) return Round::wrong;
    const bool no_objection = result == CheckResult::good ||
                              (check == DomainCheck::identity && result == CheckResult::unknown);
    if (!no_objection) round = Round::undecided;
  }
  return round;
}

/// Whether the answer is another one than the last.
bool record(CheckState& check, CheckResult result, WallTime now) noexcept {
  if (result == CheckResult::silent) {
    if (!check.silent_since) check.silent_since = now;
    return false;
  }
  const bool changed = check.last != result;
  check = {.last = result, .seen = now, .silent_since = std::nullopt};
  return changed;
}

void enter(DomainState& state, DomainStatus status, WallTime now) noexcept {
  if (state.status == status) return;
  state.status = status;
  state.since = now;
}

void on_right(DomainState& state, WallTime now) noexcept {
  enter(state, DomainStatus::verified, now);
  state.proved = true;
  state.wrong_for = seconds(0);
  state.last_wrong.reset();
}

void on_wrong(DomainState& state, WallTime now, const DomainRules& rules) noexcept {
  if (state.last_wrong) {
    const auto step = std::chrono::duration_cast<seconds>(now - *state.last_wrong);
    state.wrong_for += std::clamp(step, seconds(0), rules.longest_step);
  }
  state.last_wrong = now;
  switch (state.status) {
    case DomainStatus::pending:
      if (state.wrong_for >= rules.pending_limit) enter(state, DomainStatus::failed, now);
      return;
    case DomainStatus::verified:
      enter(state, DomainStatus::warning, now);
      return;
    case DomainStatus::warning:
      if (state.wrong_for >= rules.revoke_after) enter(state, DomainStatus::revoked, now);
      return;
    case DomainStatus::revoked:
    case DomainStatus::failed:
      return;
  }
}

/// A minute, doubled by each quiet round.
seconds backed_off(std::uint32_t quiet_rounds, minutes longest) noexcept {
  constexpr std::uint32_t over_an_hour = 6;  // 64 minutes
  return std::min<seconds>(minutes(1U << std::min(quiet_rounds, over_an_hour)), longest);
}

seconds interval(const DomainState& state) noexcept {
  const auto required = required_checks(state);
  const bool silent = std::any_of(required.begin(), required.end(), [&](DomainCheck check) {
    return state.checks[static_cast<std::size_t>(check)].silent_since.has_value();
  });
  if (silent) return minutes(5);
  switch (state.status) {
    case DomainStatus::verified:
      return minutes(60);
    case DomainStatus::pending:
      return backed_off(state.quiet_rounds, minutes(30));
    case DomainStatus::warning:
    case DomainStatus::revoked:
    case DomainStatus::failed:
      return backed_off(state.quiet_rounds, minutes(60));
  }
  return minutes(60);
}

}  // namespace

DomainState after_round(DomainState state,
                        const CheckResults& results,
                        WallTime now,
                        const DomainRules& rules) {
  const Round round = judge_round(state, results);
  const DomainStatus before = state.status;
  bool changed = false;
  for (std::size_t check = 0; check < domain_checks; ++check)
    changed = record(state.checks[check], results[check], now) || changed;
  if (round == Round::right) on_right(state, now);
  if (round == Round::wrong) on_wrong(state, now, rules);
  if (changed || state.status != before) {
    state.quiet_rounds = 0;
  } else if (round != Round::undecided) {
    ++state.quiet_rounds;
  }
  state.last_round = now;
  return state;
}

seconds until_next_round(const DomainState& state, std::uint32_t random) {
  const auto base = static_cast<std::uint64_t>(interval(state).count());
  const std::uint64_t spread = ((base / 5 + 1) * random) >> 32U;
  return seconds(static_cast<std::int64_t>(base - base / 10 + spread));
}

bool may_send(DomainStatus status) noexcept {
  return status == DomainStatus::verified || status == DomainStatus::warning;
}

std::string_view word(DomainStatus status) noexcept {
  return status_words[static_cast<std::size_t>(status)];
}

std::optional<DomainStatus> domain_status_of(std::string_view word) noexcept {
  const auto found = std::find(status_words.begin(), status_words.end(), word);
  if (found == status_words.end()) return std::nullopt;
  return static_cast<DomainStatus>(found - status_words.begin());
}

}  // namespace policy
