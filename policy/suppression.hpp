#pragma once

#include "policy/bounce.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace policy {

using WallTime = std::chrono::system_clock::time_point;

/// Why an address is suppressed, in the order of weight: of two that last as long the later one is
/// named.
enum class SuppressionCause : std::uint8_t { imported, bounce, by_hand, complaint };

/// The end of a suppression that lasts until it is removed: of complaints and those by hand.
inline constexpr WallTime never_ends = std::chrono::sys_days{std::chrono::year{2200} / 1 / 1};

/// The times of the last policy and unspecific bounces, in order; epoch where there is none. Two of
/// any 7 days suppress nothing, so six reach back over three weeks.
using Strikes = std::array<WallTime, 6>;

/// What is remembered of an address of an app: one row of a table. An address that nothing was
/// heard of has the default one.
struct Suppression {
  WallTime since{};  ///< the bounce, complaint or command that began it
  WallTime until{};  ///< in force before this; epoch: never was
  SuppressionCause cause = SuppressionCause::imported;
  std::uint32_t times = 0;      ///< how often a bounce began one; each doubles the time
  WallTime failed_at{};         ///< the bounce that began the last of them
  WallTime served_at{};         ///< the end of the time of the one before it
  Strikes strikes{};            ///< permanent bounces that do not suppress alone
  std::int32_t soft_day = 0;    ///< the last day (since 1970, UTC) with a soft bounce
  std::uint32_t soft_days = 0;  ///< bit n: there was one on the n-th day before soft_day
  WallTime delivered_at{};      ///< the last delivery
  WallTime removed_at{};        ///< removed by hand: what happened until then counts no more

  bool operator==(const Suppression&) const = default;
};

/// The times of the rules.
///
/// Soft bounces: 5 different days of 14. SES tries for 14 hours before it tells of one, so each is
/// a day's failure; days, because one outage during a burst of mail is one failure; five, because a
/// small host's outage over a long week-end is repaired by then; 14 days, because a site that
/// writes every third day counts too. AWS does not count them: there is no hurry.
inline constexpr std::chrono::days suppression_time{90};
inline constexpr std::chrono::days longest_suppression_time{730};
inline constexpr std::chrono::days strike_window{7};
inline constexpr std::size_t strikes_to_suppress = 3;
inline constexpr int soft_window_days = 14;
inline constexpr int soft_days_to_suppress = 5;

/// When something happened that a foreign clock dates: not before the message was sent and not
/// after the event came; in whole milliseconds, as it is stored.
[[nodiscard]] WallTime event_time(WallTime claimed, WallTime sent, WallTime received) noexcept;

/// The record after an event, dated by event_time. Events may come twice and in any order; while
/// none is more than 14 days late (as long as a queue at AWS keeps one) their order changes
/// nothing, except that what has been suppressed stays so when a delivery in between comes late.
/// Nothing shortens a suppression. What happened before a removal has no effect.
///
/// A mailbox bounce suppresses for 90 days. One that comes when the time of the bounce that began a
/// suppression is over begins the next, of twice the time, up to two years; one before that keeps
/// the address suppressed for the same time from its own date on. Three policy or unspecific
/// bounces within 7 days, the third being the date, and soft ones on five different days of 14
/// without a delivery on or after them, the fifth day being the date, do the same. Others do
/// nothing.
[[nodiscard]] Suppression after_bounce(Suppression record,
                                       BounceClass bounce,
                                       WallTime at) noexcept;

/// A complaint suppresses until it is removed, if it counts, names one recipient (of several nobody
/// knows who complained) and the message was not urgent: a spam click on a digest, which takes
/// everything of the folder along, must not end a person's password resets.
[[nodiscard]] Suppression after_complaint(Suppression record,
                                          const ComplaintReport& report,
                                          bool urgent,
                                          WallTime at) noexcept;

/// A delivery clears soft bounces of its day and before it.
[[nodiscard]] Suppression after_delivery(Suppression record, WallTime at) noexcept;

/// Added by hand: until removed.
[[nodiscard]] Suppression after_addition(Suppression record, WallTime at) noexcept;

/// Read from a list, for the cause that it names: until its date, or until removed. A removal is
/// not looked at: importing is done by hand.
[[nodiscard]] Suppression after_import(
    Suppression record,
    WallTime since,
    std::optional<WallTime> until,
    SuppressionCause cause = SuppressionCause::imported) noexcept;

/// Removed by hand: forgets all but that.
[[nodiscard]] Suppression after_removal(WallTime at) noexcept;

/// What is known of an address and the outcome of an addition, import or removal that was worked
/// out without it, together: a removal stands, what is added shortens nothing.
[[nodiscard]] Suppression joined(const Suppression& known, const Suppression& change) noexcept;

[[nodiscard]] bool is_suppressed(const Suppression& record, WallTime now) noexcept;

inline constexpr std::array suppression_causes{SuppressionCause::imported,
                                               SuppressionCause::bounce,
                                               SuppressionCause::by_hand,
                                               SuppressionCause::complaint};
[[nodiscard]] std::string_view word(SuppressionCause cause) noexcept;
[[nodiscard]] std::optional<SuppressionCause> suppression_cause_of(std::string_view word) noexcept;

}  // namespace policy
