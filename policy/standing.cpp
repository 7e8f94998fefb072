#include "policy/standing.hpp"

#include "policy/reply.hpp"

#include <algorithm>
#include <utility>

namespace policy {
namespace {

using std::chrono::hours;

constexpr std::array<std::string_view, 5> state_words{
    "normal", "warned", "restricted", "blocked", "probation"};
static_assert(state_words.size() == standing_states.size());

bool in_trouble(StandingState state) noexcept {
  return state == StandingState::restricted || state == StandingState::blocked;
}

hours restriction_time(std::uint32_t offences) noexcept {
  constexpr std::uint32_t doublings_to_the_longest = 4;
  const std::uint32_t doublings = std::min(std::max(offences, 1U) - 1, doublings_to_the_longest);
  return std::min<hours>(first_restriction * (1 << doublings), longest_restriction);
}

/// What warns otherwise is over, from half the counts on.
ReputationRules stricter(ReputationRules rules) {
  rules.minimum_volume = (rules.minimum_volume + 1) / 2;
  rules.minimum_bounces = (rules.minimum_bounces + 1) / 2;
  rules.minimum_complaints = (rules.minimum_complaints + 1) / 2;
  rules.bounce_block = rules.bounce_warn;
  rules.complaint_block = rules.complaint_warn;
  return rules;
}

std::string mend_of(Feedback feedback) {
  return feedback == Feedback::bounces
             ? "Protect forms that mail to whatever address is typed in, and take out addresses "
               "that do not exist."
             : "Stop mail that people did not ask for, and make it easy to switch off.";
}

std::string in_hours(hours time) {
  constexpr int two_days = 48;
  return time.count() >= two_days ? std::to_string(time.count() / 24) + " days"
                                  : std::to_string(time.count()) + " hours";
}

/// What the contact is told of a step that a measure brought about.
std::string told(StandingState to,
                 std::string_view app,
                 const Measure& worst,
                 const Standing& standing) {
  const std::string site = printable(app);
  const std::string figures = "Of the mail of " + site + ", " + sentence_of(worst);
  switch (to) {
    case StandingState::normal:
      return "The mail of " + site + " is in good standing again.";
    case StandingState::warned:
      return figures + ": if it goes on, new recipients will be refused. " +
             mend_of(worst.feedback);
    case StandingState::restricted:
      return figures + ": for " + in_hours(restriction_time(standing.offences)) +
             " at least only recipients reached in the last 90 days get mail. " +
             mend_of(worst.feedback);
    case StandingState::blocked:
      return figures +
             ", among recipients reached before: all mail is refused, and what is queued "
             "is held, until the operator of the relay releases it. " +
             mend_of(worst.feedback);
    case StandingState::probation:
      return site +
             " may mail all recipients again, on probation: stricter limits hold until it "
             "has sent without trouble for a while.";
  }
  return {};
}

/// What the contact is told of an override.
std::string told(const StandingOverride& by_hand, std::string_view app) {
  constexpr std::size_t most_reason = 200;
  std::string what;
  switch (by_hand.state) {
    case StandingState::restricted:
      what = "restricted the mail of " + printable(app) + " to recipients it reached before";
      break;
    case StandingState::blocked:
      what = "blocked the mail of " + printable(app) + "; what is queued is held";
      break;
    case StandingState::normal:
    case StandingState::warned:
    case StandingState::probation:
      what = "allowed the mail of " + printable(app) + " whatever its bounces and complaints";
      break;
  }
  const std::string end =
      by_hand.until ? "until " + minute_of(*by_hand.until) : "until further notice";
  return "The operator of the relay has " + what + ", " + end + ": " +
         printable(by_hand.reason, most_reason);
}

bool lasts(const StandingOverride& by_hand, WallTime now) noexcept {
  return !by_hand.until || now < *by_hand.until;
}

StandingStep stays(Standing standing) { return {std::move(standing), std::nullopt}; }

void enter(Standing& standing, StandingState state, WallTime now) noexcept {
  standing.state = state;
  standing.since = now;
}

StandingStep step_to(
    StandingState to, Standing standing, std::string_view app, const Measure& worst, WallTime now) {
  const StandingState from = standing.state;
  enter(standing, to, now);
  return {standing, Transition{.from = from, .to = to, .sentence = told(to, app, worst, standing)}};
}

/// Restricted: one offence more, unless the last is forgotten; judged anew by the mail from now on.
StandingStep restrict(Standing standing, std::string_view app, const Measure& worst, WallTime now) {
  if (now > standing.counted_from + offence_forgotten) standing.offences = 0;
  ++standing.offences;
  standing.counted_from = now;
  return step_to(StandingState::restricted, std::move(standing), app, worst, now);
}

StandingStep put_on_probation(Standing standing,
                              std::string_view app,
                              WallTime counted_from,
                              WallTime now) {
  standing.counted_from = counted_from;
  return step_to(StandingState::probation, std::move(standing), app, {}, now);
}

StandingStep end_override(Standing standing, std::string_view app, WallTime now) {
  const StandingOverride ended = *std::exchange(standing.by_hand, std::nullopt);
  const bool imposed = ended.state != StandingState::normal;
  const bool untroubled =
      standing.state == StandingState::normal || standing.state == StandingState::warned;
  if (untroubled && !imposed) return stays(std::move(standing));
  return put_on_probation(std::move(standing), app, ended.since, now);
}

bool proved_itself(const Standing& standing,
                   const ReputationRules& rules,
                   WindowCounts windows,
                   WallTime now) noexcept {
  const bool enough = std::any_of(windows.begin(), windows.end(), [&](const Counts& counts) {
    return counts.sent >= rules.minimum_volume;
  });
  return now >= standing.since + probation_without_volume ||
         (enough && now >= standing.since + probation_at_least);
}

StandingStep look(Standing standing,
                  std::string_view app,
                  const ReputationRules& rules,
                  WindowCounts windows,
                  WallTime now) {
  const bool on_trial =
      standing.state == StandingState::restricted || standing.state == StandingState::probation;
  Judgement judged = judge(on_trial ? stricter(rules) : rules, windows);
  judged.worst.window = std::min<std::chrono::seconds>(
      judged.worst.window, std::chrono::ceil<hours>(now - standing.counted_from));
  const bool over = judged.level == Level::over;
  const auto go = [&](StandingState to) {
    return step_to(to, std::move(standing), app, judged.worst, now);
  };
  switch (standing.state) {
    case StandingState::normal:
      if (judged.level != Level::ok) return go(StandingState::warned);
      break;
    case StandingState::warned:
      if (over) return restrict(std::move(standing), app, judged.worst, now);
      if (judged.calm && now >= standing.since + warned_at_least) return go(StandingState::normal);
      break;
    case StandingState::restricted:
      if (over) return go(StandingState::blocked);
      if (now >= standing.since + restriction_time(standing.offences))
        return put_on_probation(std::move(standing), app, now, now);
      break;
    case StandingState::blocked:
      break;
    case StandingState::probation:
      if (over) return restrict(std::move(standing), app, judged.worst, now);
      if (proved_itself(standing, rules, windows, now)) return go(StandingState::normal);
      break;
  }
  return stays(std::move(standing));
}

}  // namespace

StandingState in_force(const Standing& standing, WallTime now) noexcept {
  return standing.by_hand && lasts(*standing.by_hand, now) ? standing.by_hand->state
                                                           : standing.state;
}

StandingStep after_look(Standing standing,
                        std::string_view app,
                        const ReputationRules& rules,
                        WindowCounts windows,
                        WallTime now,
                        bool clock_trusted) {
  if (!clock_trusted || now < standing.since) return stays(std::move(standing));
  if (standing.by_hand) {
    if (lasts(*standing.by_hand, now)) return stays(std::move(standing));
    return end_override(std::move(standing), app, now);
  }
  return look(std::move(standing), app, rules, windows, now);
}

StandingStep after_override(Standing standing, std::string_view app, StandingOverride by_hand) {
  const StandingState before = in_force(standing, by_hand.since);
  const Transition transition{.from = before, .to = by_hand.state, .sentence = told(by_hand, app)};
  standing.by_hand = std::move(by_hand);
  if (transition.from == transition.to) return stays(std::move(standing));
  return {std::move(standing), transition};
}

StandingStep after_release(Standing standing, std::string_view app, WallTime now) {
  const bool held_back = in_trouble(standing.state) || in_trouble(in_force(standing, now));
  standing.by_hand.reset();
  if (!held_back) return stays(std::move(standing));
  return put_on_probation(std::move(standing), app, now, now);
}

std::string_view word(StandingState state) noexcept {
  return state_words[static_cast<std::size_t>(state)];
}

std::optional<StandingState> standing_state_of(std::string_view word) noexcept {
  const auto found = std::find(state_words.begin(), state_words.end(), word);
  if (found == state_words.end()) return std::nullopt;
  return static_cast<StandingState>(found - state_words.begin());
}

}  // namespace policy
