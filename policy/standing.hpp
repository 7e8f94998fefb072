#pragma once

#include "policy/reputation.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace policy {

/// How far an app may mail, for its reputation.
enum class StandingState : std::uint8_t {
  normal,
  warned,      ///< mails as before; its contact is told
  restricted,  ///< only recipients that it reached in the last 90 days
  blocked,     ///< nothing is taken, what is queued is held
  probation,   ///< mails as before, judged by stricter limits
};

/// What the operator decided instead: normal, restricted or blocked.
struct StandingOverride {
  StandingState state = StandingState::normal;
  WallTime since{};
  std::optional<WallTime> until;  ///< nothing: until it is released
  std::string reason;
  friend bool operator==(const StandingOverride&, const StandingOverride&) = default;
};

/// The standing of an app: one row of a table.
struct Standing {
  StandingState state = StandingState::normal;
  WallTime since{};            ///< in this state
  WallTime counted_from{};     ///< mail sent earlier counts no more: see window_start
  std::uint32_t offences = 0;  ///< restrictions, while no 90 days lie between; doubles their time
  std::optional<StandingOverride> by_hand;
  friend bool operator==(const Standing&, const Standing&) = default;
};

/// A change of standing, and what the site's contact is told: one or two sentences.
struct Transition {
  StandingState from{};
  StandingState to{};
  std::string sentence;
};

struct StandingStep {
  Standing standing;
  std::optional<Transition> transition;
};

/// The times of the machine.
inline constexpr std::chrono::days warned_at_least{7};
inline constexpr std::chrono::hours first_restriction{72};
inline constexpr std::chrono::days longest_restriction{30};
inline constexpr std::chrono::days offence_forgotten{90};
inline constexpr std::chrono::hours probation_at_least{72};
inline constexpr std::chrono::days probation_without_volume{14};

/// The standing after a look at `windows`: the counts of each window of the rules from
/// window_start(window, standing.counted_from, now) on. At most one step, so that no state is
/// passed over: look again after each step, after each batch of events, and every five minutes.
///
/// - normal: over or near the limits, warned.
/// - warned: over, restricted. Calm (under four fifths of what warns) after seven days: normal.
/// - restricted, on trial: over, blocked, for recipients that were reached before bounce or
///   complain too. Otherwise after 72 hours, twice that at each next offence, at most 30 days:
///   probation.
/// - blocked: until released by hand, for nothing is sent that could prove it mended.
/// - probation, on trial: over, restricted again. Otherwise after 72 hours in which the minimum
///   volume was sent, or after 14 days: normal.
///
/// On trial only the mail sent since counts, `over` is what warns otherwise, and half the minimum
/// counts are enough. What was sent before probation counts no more afterwards.
///
/// Each way back takes days, and the way to a restriction and back takes longer every time: the
/// number of steps in a time is bounded. While an override is in force nothing changes; when it is
/// over, a state of trouble or one that was imposed becomes probation, judged by the mail sent
/// since the override began. While the clock is not trusted, or is before the last step, nothing
/// changes.
[[nodiscard]] StandingStep after_look(Standing standing,
                                      std::string_view app,
                                      const ReputationRules& rules,
                                      WindowCounts windows,
                                      WallTime now,
                                      bool clock_trusted);

/// Imposed or allowed by the operator, for a reason. A transition where it changes what is in
/// force.
[[nodiscard]] StandingStep after_override(Standing standing,
                                          std::string_view app,
                                          StandingOverride by_hand);

/// Released by hand: ends an override, and puts a restricted or blocked app on probation.
[[nodiscard]] StandingStep after_release(Standing standing, std::string_view app, WallTime now);

/// What counts for mail now: the override's state, or the machine's.
[[nodiscard]] StandingState in_force(const Standing& standing, WallTime now) noexcept;

inline constexpr std::array standing_states{StandingState::normal,
                                            StandingState::warned,
                                            StandingState::restricted,
                                            StandingState::blocked,
                                            StandingState::probation};
[[nodiscard]] std::string_view word(StandingState state) noexcept;
[[nodiscard]] std::optional<StandingState> standing_state_of(std::string_view word) noexcept;

}  // namespace policy
