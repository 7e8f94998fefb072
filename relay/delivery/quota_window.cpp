#include "relay/delivery/quota_window.hpp"

#include "relay/proto/settlement.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <locale>
#include <sstream>

namespace delivery {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr milliseconds first_look = 5min;
constexpr milliseconds longest_look = 1h;
constexpr milliseconds shortest_look = 1min;
constexpr milliseconds told_anew = 5min;  // what the account tells may have changed by then
constexpr std::int64_t last_second = 1LL
                                     << 33U;  // in the year 2242: far from where clocks overflow
constexpr std::uint64_t least_learned = 50;  // a refusal at fewer tells of others, not of the quota

std::uint64_t for_normal_mail(std::uint64_t quota) { return quota - quota / 10; }

}  // namespace

std::uint64_t& QuotaWindow::bucket(std::int64_t number) {
  return counts_[static_cast<std::size_t>(((number % buckets) + buckets) % buckets)];
}

std::uint64_t QuotaWindow::bucket(std::int64_t number) const {
  return counts_[static_cast<std::size_t>(((number % buckets) + buckets) % buckets)];
}

/// Empties the buckets that have left the window.
void QuotaWindow::advance(Time now) {
  const std::int64_t newest =
      std::max(newest_, std::chrono::floor<Width>(now.time_since_epoch()).count());
  for (std::int64_t gone = std::max(newest_ + 1, newest - buckets + 1); gone <= newest; ++gone) {
    total_ -= bucket(gone);
    bucket(gone) = 0;
  }
  newest_ = newest;
  if (learned_ && now - learned_at_ >= length) learned_.reset();
}

void QuotaWindow::sent(std::uint64_t recipients, Time when) {
  advance(when);
  interval_ = 0ms;
  if (told_) told_->sent += recipients;
  const std::int64_t at = std::chrono::floor<Width>(when.time_since_epoch()).count();
  if (at <= newest_ - buckets) return;
  bucket(at) += recipients;
  total_ += recipients;
  if (learned_) learned_ = std::max(*learned_, total_);
}

milliseconds QuotaWindow::refused(Time now, std::uint32_t random) {
  advance(now);
  if (total_ >= least_learned) {
    learned_ = total_;
    learned_at_ = now;
  }
  interval_ = std::clamp(interval_ * 2, first_look, longest_look);
  return std::min(smtp::spread(interval_, random), std::max(shortest_look, until_freed(1, now)));
}

milliseconds QuotaWindow::until_freed(std::uint64_t recipients, Time now) const {
  std::uint64_t freed = 0;
  for (std::int64_t number = newest_ - buckets + 1; number <= newest_; ++number) {
    freed += bucket(number);
    if (freed < recipients) continue;
    const Time leaves{Width(number + buckets)};
    return std::max(0ms, std::chrono::ceil<milliseconds>(leaves - now));
  }
  return length;
}

bool QuotaWindow::allows(bool urgent, std::uint64_t recipients, Time now) {
  return wait(urgent, recipients, now) == 0ms;
}

milliseconds QuotaWindow::wait(bool urgent,
                               std::uint64_t recipients,
                               Time now,
                               std::uint64_t under_way) {
  const auto quota = known_quota(now);
  if (urgent || !quota) return 0ms;
  const std::uint64_t most = for_normal_mail(*quota);
  const std::uint64_t wanted = std::min(recipients, most);  // a message larger than that goes alone
  const std::uint64_t sent = sent_in_window(now) + under_way;
  if (sent + wanted <= most) return 0ms;
  const milliseconds freed = until_freed(sent + wanted - most, now);
  return std::max(1ms, told_ ? std::min(freed, told_anew) : freed);
}

std::string QuotaWindow::kept(Time now, Wall wall) {
  advance(now);
  const auto wall_seconds = [&](Time when) {
    const auto then = wall - std::chrono::duration_cast<Wall::duration>(now - when);
    return std::chrono::floor<std::chrono::seconds>(then).time_since_epoch().count();
  };
  std::string text;
  if (learned_) text = fmt::format("quota {} {}\n", wall_seconds(learned_at_), *learned_);
  for (std::int64_t number = newest_ - buckets + 1; number <= newest_; ++number) {
    if (bucket(number) == 0) continue;
    const Time middle = Time(Width(number)) + std::chrono::seconds(Width(1)) / 2;
    text += fmt::format("sent {} {}\n", wall_seconds(std::min(middle, now)), bucket(number));
  }
  return text;
}

void QuotaWindow::recall(std::string_view kept, Time now, Wall wall) {
  std::istringstream text{std::string(kept)};
  text.imbue(std::locale::classic());
  std::string what;
  std::int64_t seconds = 0;
  std::uint64_t recipients = 0;
  while (text >> what >> seconds >> recipients) {
    const Wall then{std::chrono::seconds(std::clamp(seconds, std::int64_t{0}, last_second))};
    const Time when = now - std::max<Wall::duration>(wall - then, Wall::duration::zero());
    if (what == "sent") sent(recipients, when);
    if (what != "quota") continue;
    learned_ = recipients;
    learned_at_ = when;
  }
  advance(now);
}

std::uint64_t QuotaWindow::sent_in_window(Time now) {
  advance(now);
  return told_ ? told_->sent : total_;
}

std::optional<std::uint64_t> QuotaWindow::known_quota(Time now) {
  advance(now);
  return told_ && told_->quota ? told_->quota : learned_;
}

}  // namespace delivery
