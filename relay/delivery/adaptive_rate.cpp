#include "relay/delivery/adaptive_rate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <locale>
#include <sstream>

namespace delivery {
namespace {

using namespace std::chrono_literals;

// Found by the simulation in tests/unit/delivery/adaptive_rate_test.cpp.
constexpr double first_limit = 2;
constexpr double first_part = 0.1;  // of the ceiling
constexpr double least_limit = 0.1;
constexpr double most_limit = 1e6;
constexpr double burst_seconds = 0.5;  // leaves SES's second of burst to jitter and to others
constexpr double start_growth = 1.4;   // for each recipient taken: doubles twice a second

// The share at the first refusal, as if so many had been taken in so many seconds before; and by
// what part of it the limit then grows in a second.
constexpr double presumed_taken = 4;
constexpr double presumed_seconds = 8;
constexpr double seek_growth = 0.1;
constexpr double seek_growth_unsure = 0.02;
constexpr double taken_that_tell = 20;

constexpr double longest_step = 0.22;
constexpr double shortest_step = 0.04;
constexpr double step_of_one = 3.3;
constexpr double step_without_any = 0.5;
constexpr double few_taken = 200;
constexpr double most_above = 2;

constexpr double interval = 100;    // seconds between refusals that growth aims at
constexpr double base_step = 0.14;  // growth in an interval at reference_rate
constexpr double reference_rate = 0.7;
constexpr double most_steepness = 6;
constexpr double speed_up = 0.3;

constexpr double nearly_all = 0.7;  // of the ceiling
constexpr double undisturbed = 20;  // seconds
constexpr double back_to_ceiling = 0.002;

constexpr double token_rounding = 1e-9;
constexpr auto flight = 1s;
constexpr auto idle = 1s;  // by then the account's bucket is full again

double seconds(std::chrono::steady_clock::duration span) {
  return std::chrono::duration<double>(span).count();
}

}  // namespace

AdaptiveRate::AdaptiveRate(std::optional<double> ceiling, Time now)
    : ceiling_(ceiling), filled_(now), last_take_(now), counting_since_(now), deaf_until_(now) {
  set_limit(std::max(first_limit, ceiling.value_or(0) * first_part));
  tokens_ = burst();
}

void AdaptiveRate::set_limit(double limit) {
  limit_ = std::clamp(limit, least_limit, most_limit);
  if (ceiling_) limit_ = std::min(limit_, *ceiling_);
}

std::string AdaptiveRate::learned() const {
  return fmt::format("{:.3f} {}", limit_, phase_ == Phase::start ? "start" : "steady");
}

void AdaptiveRate::recall(const std::string& learned) {
  std::istringstream text(learned);
  text.imbue(std::locale::classic());
  double limit = 0;
  std::string phase;
  if (!(text >> limit >> phase) || !(limit > 0)) return;
  set_limit(limit);
  if (phase != "start") phase_ = Phase::steady;
}

void AdaptiveRate::ceiling(std::optional<double> most) {
  ceiling_ = most;
  set_limit(limit_);
}

void AdaptiveRate::account_limit(double most) {
  ceiling_ = most;
  set_limit(phase_ == Phase::start ? most : limit_);
}

double AdaptiveRate::full() const { return std::max(1.0, limit_); }
double AdaptiveRate::burst() const { return std::max(1.0, limit_ * burst_seconds); }
double AdaptiveRate::room() const { return burst() + limit_ * burst_seconds; }

void AdaptiveRate::fill(Time now) {
  if (now <= filled_) return;
  tokens_ = std::min(room(), tokens_ + seconds(now - filled_) * limit_);
  filled_ = now;
  if (tokens_ >= room()) scarce_ = false;
}

/// What is missing for so many recipients; that anything is counts as scarcity.
double AdaptiveRate::missing(double recipients, Time now) {
  fill(now);
  const double usable = recipients > burst() ? tokens_ : std::min(tokens_, burst());
  const double missing = std::min(recipients, full()) - usable;
  if (missing <= token_rounding) return 0;
  scarce_ = true;
  return missing;
}

bool AdaptiveRate::take(double recipients, Time now) {
  if (missing(recipients, now) > 0) return false;
  if (recipients <= burst()) tokens_ = std::min(tokens_, burst());
  tokens_ -= recipients;
  if (phase_ == Phase::start && now - last_take_ > idle) {
    taken_ = 0;
    counting_since_ = now;
  }
  last_take_ = now;
  return true;
}

std::chrono::milliseconds AdaptiveRate::wait(double recipients, Time now) {
  const double seconds = missing(recipients, now) / limit_;
  return std::chrono::milliseconds(static_cast<std::int64_t>(std::ceil(seconds * 1000)));
}

/// By what part the limit grows in a second of use.
double AdaptiveRate::growth() const {
  // So near the ceiling it has the account for itself: what refused it was a moment's crowding.
  if (ceiling_ && limit_ >= nearly_all * *ceiling_ && used_seconds_ > undisturbed)
    return back_to_ceiling;
  const double late = std::max(0.0, used_seconds_ / interval - 1);
  const double sped_up = base_step / interval * speed_up * late * late;
  if (phase_ == Phase::seek) return seek_growth_ / limit_ + sped_up;
  const double steepness = std::min(most_steepness, std::pow(reference_rate / limit_, 3));
  return base_step / interval * steepness + sped_up;
}

void AdaptiveRate::succeeded(double recipients) {
  taken_ += recipients;
  if (!scarce_) return;
  if (phase_ == Phase::start) return set_limit(limit_ + start_growth * recipients);
  const double used = recipients / limit_;
  used_seconds_ += used;
  set_limit(limit_ * (1 + growth() * used));
}

/// The account lets a second's worth pass at once, so in t seconds it takes t + 1 times its limit.
void AdaptiveRate::leave_start(Time now) {
  const double time = seconds(now - counting_since_) + 1;
  const double share = (taken_ + presumed_taken) / (time + presumed_seconds);
  seek_growth_ = share * (taken_ < taken_that_tell ? seek_growth_unsure : seek_growth);
  set_limit(std::min(share, limit_));
  phase_ = Phase::seek;
}

/// By what part the limit falls. Few taken tell little, and if they were sent at a high rate this
/// relay has more than its share.
double AdaptiveRate::step() const {
  if (taken_ <= 0) return step_without_any;
  const double above = std::clamp(std::sqrt(limit_ / reference_rate), 1.0, most_above);
  const double told = step_of_one / std::pow(taken_, 0.7) * (taken_ < few_taken ? above : 1);
  return std::clamp(told, shortest_step, longest_step);
}

void AdaptiveRate::throttled(Time now, std::uint32_t random) {
  fill(now);
  if (now < deaf_until_) return;
  deaf_until_ = now + flight;
  if (phase_ == Phase::start) {
    leave_start(now);
  } else {
    set_limit(limit_ * (1 - step()));
    phase_ = Phase::steady;
  }
  taken_ = 0;
  used_seconds_ = 0;
  counting_since_ = now;
  // A pause lets the account's bucket fill again; by chance, so that relays do not come back
  // together.
  const double pause = std::clamp(8 / limit_, 0.5, 2.0) * (0.5 + random / 4294967296.0);
  tokens_ = std::min(tokens_, 0.0) - pause * limit_;
}

}  // namespace delivery
