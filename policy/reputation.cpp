#include "policy/reputation.hpp"

#include "policy/reply.hpp"
#include "policy/wilson.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace policy {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr double aws_bounce_review = 0.05;
constexpr double aws_complaint_review = 0.001;
constexpr double calm_share = 0.8;

/// The confidence of one window's bound.
double window_confidence(const ReputationRules& rules, seconds window) noexcept {
  constexpr std::chrono::duration<double> year = std::chrono::days(365);
  const double fits = std::max(1.0, year / std::chrono::duration<double>(window));
  return 1.0 - (1.0 - rules.confidence) / fits;
}

struct Threshold {
  std::uint64_t minimum;
  double warn;
  double block;
};

Threshold threshold(const ReputationRules& rules, Feedback feedback) noexcept {
  switch (feedback) {
    case Feedback::bounces:
      return {rules.minimum_bounces, rules.bounce_warn, rules.bounce_block};
    case Feedback::complaints:
      return {rules.minimum_complaints, rules.complaint_warn, rules.complaint_block};
  }
  return {};
}

std::uint64_t events_of(const Counts& counts, Feedback feedback) noexcept {
  return feedback == Feedback::bounces ? counts.bounces : counts.complaints;
}

Measure measure(const ReputationRules& rules,
                const Threshold& limits,
                Feedback feedback,
                seconds window,
                const Counts& counts) noexcept {
  Measure measured{.feedback = feedback,
                   .window = window,
                   .events = events_of(counts, feedback),
                   .sent = counts.sent,
                   .limit = limits.block};
  if (counts.sent < rules.minimum_volume || measured.events < limits.minimum) return measured;
  const double z = normal_quantile(window_confidence(rules, window));
  measured.proved = wilson_lower_bound(measured.events, measured.sent, z);
  if (measured.proved > limits.warn) measured.level = Level::warn;
  if (measured.proved > limits.block) measured.level = Level::over;
  return measured;
}

/// How far on the way to the limit.
double nearness(const Measure& measured) noexcept {
  return measured.limit > 0.0 ? measured.proved / measured.limit : 0.0;
}

bool worse(const Measure& one, const Measure& other) noexcept {
  return one.level != other.level ? one.level > other.level : nearness(one) > nearness(other);
}

/// How many more than AWS's share allows.
double excess(const Counts& counts, const Measure& measured) noexcept {
  return static_cast<double>(events_of(counts, measured.feedback)) -
         measured.limit * static_cast<double>(counts.sent);
}

/// The app that is most over, in the window and kind of the worst measure.
std::string_view contributor(std::span<const AppCounts> apps,
                             std::size_t window,
                             const Measure& worst) noexcept {
  const auto most =
      std::max_element(apps.begin(), apps.end(), [&](const AppCounts& one, const AppCounts& other) {
        return excess(one.windows[window], worst) < excess(other.windows[window], worst);
      });
  return most == apps.end() ? std::string_view() : most->app;
}

std::string percent(double share) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.3g", share * 100.0);
  return std::string(text.data()) + " %";
}

std::string span_of(seconds window) {
  const auto whole = std::chrono::duration_cast<hours>(window).count();
  constexpr int two_days = 48;
  return whole > two_days ? std::to_string(whole / 24) + " days" : std::to_string(whole) + " hours";
}

}  // namespace

Counts& Counts::operator+=(const Counts& other) noexcept {
  sent += other.sent;
  bounces += other.bounces;
  complaints += other.complaints;
  return *this;
}

WallTime hour_of(WallTime at) noexcept { return std::chrono::floor<hours>(at); }

WallTime window_start(seconds window, WallTime counted_from, WallTime now) noexcept {
  return std::max<WallTime>(hour_of(now - window), std::chrono::ceil<hours>(counted_from));
}

std::string_view word(Feedback feedback) noexcept {
  return feedback == Feedback::bounces ? "bounces" : "complaints";
}

std::string_view word(Level level) noexcept {
  constexpr std::array<std::string_view, 3> words{"ok", "warn", "over"};
  return words[static_cast<std::size_t>(level)];
}

double ratio(std::uint64_t events, std::uint64_t sent) noexcept {
  return sent == 0 ? 0.0 : static_cast<double>(events) / static_cast<double>(sent);
}

std::vector<Measure> measures(const ReputationRules& rules, WindowCounts windows) {
  std::vector<Measure> all;
  for (std::size_t i = 0; i < std::min(windows.size(), rules.windows.size()); ++i)
    for (const Feedback feedback : {Feedback::bounces, Feedback::complaints})
      all.push_back(
          measure(rules, threshold(rules, feedback), feedback, rules.windows[i], windows[i]));
  return all;
}

Judgement judge(const ReputationRules& rules, WindowCounts windows) {
  Judgement judgement;
  for (const Measure& measured : measures(rules, windows)) {
    judgement.level = std::max(judgement.level, measured.level);
    judgement.calm =
        judgement.calm && measured.proved < calm_share * threshold(rules, measured.feedback).warn;
    if (worse(measured, judgement.worst)) judgement.worst = measured;
  }
  return judgement;
}

AccountJudgement judge_account(const ReputationRules& rules, std::span<const AppCounts> apps) {
  ReputationRules review = rules;
  review.bounce_block = aws_bounce_review;
  review.complaint_block = aws_complaint_review;
  std::vector<Counts> sums(rules.windows.size());
  for (const AppCounts& app : apps) {
    for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += app.windows[i];
  }
  AccountJudgement account{.judgement = judge(review, sums), .contributor = {}, .sentence = {}};
  if (account.judgement.level == Level::ok) return account;
  const Measure& worst = account.judgement.worst;
  const auto window = std::find(rules.windows.begin(), rules.windows.end(), worst.window);
  account.contributor =
      contributor(apps, static_cast<std::size_t>(window - rules.windows.begin()), worst);
  account.sentence = "Of the whole account " + sentence_of(worst) +
                     "; Amazon reviews an account at " + percent(worst.limit) +
                     ". Most of the excess is mail of " + printable(account.contributor) +
                     ": look at that app first.";
  return account;
}

Level account_level(Level before, const Judgement& judgement) noexcept {
  if (judgement.level == Level::ok && judgement.calm) return Level::ok;
  return std::max(before, judgement.level);
}

std::string sentence_of(const Measure& measure) {
  const bool bounced = measure.feedback == Feedback::bounces;
  return std::to_string(measure.events) + " of " + std::to_string(measure.sent) +
         (bounced ? " recipients bounced in " : " recipients complained in ") +
         span_of(measure.window) + " (" + percent(ratio(measure.events, measure.sent)) + ')';
}

}  // namespace policy
