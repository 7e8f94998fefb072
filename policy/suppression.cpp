#include "policy/suppression.hpp"

#include <algorithm>
#include <bit>

namespace policy {
namespace {

using std::chrono::days;

constexpr std::array<std::string_view, 4> cause_words{"imported", "bounce", "by-hand", "complaint"};
static_assert(cause_words.size() == suppression_causes.size());

constexpr days latest_event{14};  // a queue at AWS keeps nothing longer
constexpr int mask_days = 32;
static_assert(mask_days >= soft_window_days + latest_event.count());

days time_of(std::uint32_t times) noexcept {
  constexpr std::uint32_t doublings_to_the_longest = 4;
  const std::uint32_t doublings = std::min(times - 1, doublings_to_the_longest);
  return std::min(suppression_time * (1 << doublings), longest_suppression_time);
}

/// Of two ends the later one holds, of two causes that last as long the weightier.
void suppress(Suppression& record,
              WallTime since,
              WallTime until,
              SuppressionCause cause) noexcept {
  if (until == record.until && cause == record.cause) record.since = std::min(record.since, since);
  if (until < record.until || (until == record.until && cause <= record.cause)) return;
  record.since = since;
  record.until = until;
  record.cause = cause;
}

/// A failure that is one of the address itself. In any order: `failed_at` is the earliest of the
/// present time, the end the latest failure's.
void fail(Suppression& record, WallTime at) noexcept {
  if (record.times == 0) {
    record.times = 1;
    record.failed_at = at;
  } else if (at > record.failed_at + time_of(record.times)) {
    record.served_at = record.failed_at + time_of(record.times);
    ++record.times;
    record.failed_at = at;
  } else if (at > record.served_at) {
    record.failed_at = std::min(record.failed_at, at);
  } else {
    return;
  }
  suppress(record, record.failed_at, at + time_of(record.times), SuppressionCause::bounce);
  if (record.cause == SuppressionCause::bounce) record.since = record.failed_at;
}

/// The strikes without the least needed one of seven in order: an empty place, else one that has
/// nothing left to join, else the middle one of a burst, whose first three and last three decide.
Strikes without_one(const std::array<WallTime, 7>& strikes) noexcept {
  const bool oldest = strikes.front() == WallTime{} ||
                      strikes.front() < strikes.back() - strike_window - latest_event;
  const std::size_t dropped = oldest ? 0 : strikes.size() / 2;
  Strikes kept{};
  for (std::size_t i = 0; i < kept.size(); ++i) kept[i] = strikes[i < dropped ? i : i + 1];
  return kept;
}

void strike(Suppression& record, WallTime at) noexcept {
  if (std::find(record.strikes.begin(), record.strikes.end(), at) != record.strikes.end()) return;
  std::array<WallTime, 7> strikes{};
  static_assert(strikes.size() == std::tuple_size_v<Strikes> + 1);
  std::copy(record.strikes.begin(), record.strikes.end(), strikes.begin());
  strikes.back() = at;
  std::sort(strikes.begin(), strikes.end());
  constexpr std::size_t before = strikes_to_suppress - 1;
  for (std::size_t i = before; i < strikes.size(); ++i) {
    const WallTime first = strikes[i - before];
    if (first != WallTime{} && strikes[i] - first <= strike_window) fail(record, strikes[i]);
  }
  record.strikes = without_one(strikes);
}

std::int32_t day_of(WallTime at) noexcept {
  return static_cast<std::int32_t>(std::chrono::floor<days>(at).time_since_epoch().count());
}

void mark_soft_day(Suppression& record, std::int32_t day) noexcept {
  const std::int32_t later = day - record.soft_day;
  if (later <= -mask_days) return;
  if (later > 0) {
    record.soft_days = later < mask_days ? record.soft_days << later : 0;
    record.soft_day = day;
  }
  record.soft_days |= std::uint32_t{1} << std::max(0, -later);
}

void soften(Suppression& record, WallTime at) noexcept {
  const std::int32_t day = day_of(at);
  if (record.delivered_at != WallTime{} && day <= day_of(record.delivered_at)) return;
  mark_soft_day(record, day);
  constexpr std::uint32_t window = (std::uint32_t{1} << soft_window_days) - 1;
  for (int before = mask_days - 1; before >= 0; --before) {
    const std::uint32_t until_then = record.soft_days >> before;
    const bool marked = (until_then & 1U) != 0;
    if (marked && std::popcount(until_then & window) >= soft_days_to_suppress)
      fail(record, WallTime(days(record.soft_day - before)));
  }
}

}  // namespace

WallTime event_time(WallTime claimed, WallTime sent, WallTime received) noexcept {
  return std::chrono::floor<std::chrono::milliseconds>(std::min(std::max(claimed, sent), received));
}

Suppression after_bounce(Suppression record, BounceClass bounce, WallTime at) noexcept {
  if (at <= record.removed_at) return record;
  switch (bounce) {
    case BounceClass::mailbox:
      fail(record, at);
      break;
    case BounceClass::policy:
    case BounceClass::unspecific:
      strike(record, at);
      break;
    case BounceClass::soft:
      soften(record, at);
      break;
    case BounceClass::ses_list:
    case BounceClass::content:
    case BounceClass::auto_reply:
      break;
  }
  return record;
}

Suppression after_complaint(Suppression record,
                            const ComplaintReport& report,
                            bool urgent,
                            WallTime at) noexcept {
  if (at <= record.removed_at || urgent || report.recipients != 1 || !counted_by_aws(report))
    return record;
  suppress(record, at, never_ends, SuppressionCause::complaint);
  return record;
}

Suppression after_delivery(Suppression record, WallTime at) noexcept {
  if (at <= record.removed_at) return record;
  record.delivered_at = std::max(record.delivered_at, at);
  const std::int32_t later = record.soft_day - day_of(at);
  if (later <= 0) {
    record.soft_days = 0;
  } else if (later < mask_days) {
    record.soft_days &= (std::uint32_t{1} << later) - 1;
  }
  return record;
}

Suppression after_addition(Suppression record, WallTime at) noexcept {
  suppress(record, at, never_ends, SuppressionCause::by_hand);
  return record;
}

Suppression after_import(Suppression record,
                         WallTime since,
                         std::optional<WallTime> until,
                         SuppressionCause cause) noexcept {
  suppress(record, since, until.value_or(never_ends), cause);
  return record;
}

Suppression after_removal(WallTime at) noexcept {
  Suppression record;
  record.removed_at = at;
  return record;
}

Suppression joined(const Suppression& known, const Suppression& change) noexcept {
  if (change.removed_at != WallTime{}) return change;
  return after_import(known, change.since, change.until, change.cause);
}

bool is_suppressed(const Suppression& record, WallTime now) noexcept { return now < record.until; }

std::string_view word(SuppressionCause cause) noexcept {
  return cause_words[static_cast<std::size_t>(cause)];
}

std::optional<SuppressionCause> suppression_cause_of(std::string_view word) noexcept {
  const auto found = std::find(cause_words.begin(), cause_words.end(), word);
  if (found == cause_words.end()) return std::nullopt;
  return static_cast<SuppressionCause>(found - cause_words.begin());
}

}  // namespace policy
