#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace policy {

using WallTime = std::chrono::system_clock::time_point;

/// policy.reputation of the configuration.
struct ReputationRules {
  std::vector<std::chrono::seconds> windows{std::chrono::hours(24), std::chrono::days(30)};
  std::uint64_t minimum_volume = 100;  ///< recipients; a window with fewer is not judged
  std::uint64_t minimum_bounces = 10;
  std::uint64_t minimum_complaints = 5;
  double confidence = 0.99;
  double bounce_warn = 0.03;
  double bounce_block = 0.05;
  double complaint_warn = 0.0005;
  double complaint_block = 0.001;
};

/// What became of mail, by the time it was sent: an event counts where its message does.
struct Counts {
  std::uint64_t sent = 0;        ///< recipients
  std::uint64_t bounces = 0;     ///< that AWS counts
  std::uint64_t complaints = 0;  ///< events
  Counts& operator+=(const Counts& other) noexcept;
  friend bool operator==(const Counts&, const Counts&) = default;
};

/// The mail of one hour, of an app or a domain.
struct Cohort {
  WallTime hour{};  ///< its beginning
  Counts counts;
};

/// The beginning of the hour.
[[nodiscard]] WallTime hour_of(WallTime at) noexcept;

/// The first cohort that counts in a window that ends now, when mail sent before `counted_from`
/// does not: the hour in which that falls is left out.
[[nodiscard]] WallTime window_start(std::chrono::seconds window,
                                    WallTime counted_from,
                                    WallTime now) noexcept;

enum class Feedback : std::uint8_t { bounces, complaints };
inline constexpr std::size_t feedback_kinds = 2;
[[nodiscard]] std::string_view word(Feedback feedback) noexcept;

enum class Level : std::uint8_t { ok, warn, over };
[[nodiscard]] std::string_view word(Level level) noexcept;

/// Bounces or complaints of one window, measured.
struct Measure {
  Feedback feedback{};
  std::chrono::seconds window{0};
  std::uint64_t events = 0, sent = 0;
  double proved = 0.0;  ///< lower confidence bound of their share; 0 below the minimum counts
  double limit = 0.0;   ///< the share over which it is `over`
  Level level = Level::ok;
};

/// Raw, for people and metrics; 0 where nothing was sent.
[[nodiscard]] double ratio(std::uint64_t events, std::uint64_t sent) noexcept;

struct Judgement {
  Level level = Level::ok;
  bool calm = true;  ///< each proved share is under four fifths of what warns
  Measure
      worst;  ///< what decided: of the highest level the nearest to, or farthest over, its limit
};

/// The counts of each window of the rules, in their order.
using WindowCounts = std::span<const Counts>;

/// What the windows are judged by: of each in turn bounces, then complaints.
[[nodiscard]] std::vector<Measure> measures(const ReputationRules& rules, WindowCounts windows);

/// The judgement of the windows together. A window is judged when the minimum volume was sent, and
/// each kind of feedback from its minimum count on: by the share it proves at least.
///
/// Rolling windows are looked at all the time, so each is a new chance to err: `confidence` is that
/// of not judging a sender wrongly within a year, shared among the windows of a length that fit
/// into one. A day's bound has 1 - 0.01/365, thirty days' 1 - 0.01*30/365. (At 0.99 for each look
/// one in ten healthy sites, with 3 % bounces and 0.05 % complaints, would be blocked within a
/// year; so it is one in a hundred.)
[[nodiscard]] Judgement judge(const ReputationRules& rules, WindowCounts windows);

/// What one app adds to the account.
struct AppCounts {
  std::string_view app;
  std::vector<Counts> windows;  ///< of the rules, in their order
};

/// How near the account is to AWS's review (5 % bounces, 0.1 % complaints).
struct AccountJudgement {
  Judgement judgement;
  std::string_view contributor;  ///< the app whose feedback is most over AWS's share
  std::string sentence;          ///< for the operator; empty while all is well
};

/// All apps' mail together, warned of at the rules' thresholds and `over` at those of AWS's review.
/// It blocks nobody: it tells the operator, and which app to look at.
[[nodiscard]] AccountJudgement judge_account(const ReputationRules& rules,
                                             std::span<const AppCounts> apps);

/// How the account stands after a judgement: worse at once, well again only when it is calm, so
/// that a share that hovers about a limit tells the operator once.
[[nodiscard]] Level account_level(Level before, const Judgement& judgement) noexcept;

/// "12 of 300 recipients bounced in 24 hours (4 %)"
[[nodiscard]] std::string sentence_of(const Measure& measure);

}  // namespace policy
