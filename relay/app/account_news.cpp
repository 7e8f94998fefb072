#include "relay/app/account_news.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <sstream>
#include <utility>

namespace app {
namespace {

using aws::Enforcement;
using aws::SesAccount;

constexpr double much_of_the_quota = 0.8;
constexpr double less_of_the_quota = 0.7;

/// One thing that can be said of an account.
struct Condition {
  std::string_view word;
  bool (*holds)(const SesAccount& account, bool before);
  std::string_view begun, over;  ///< sentences; {0}: the region, {1}: sent, {2}: the quota
};

constexpr std::array conditions{
    Condition{"paused",
              [](const SesAccount& account, bool) {
                return !account.sending_enabled && account.enforcement != Enforcement::shutdown;
              },
              "SES has paused sending for the account in {0}: mail is held. Read AWS's mail to the "
              "account's address and SES's console there (Account dashboard), and have it resumed.",
              "SES lets the account in {0} send again: what is held goes out."},
    Condition{"shutdown",
              [](const SesAccount& account, bool) {
                return account.enforcement == Enforcement::shutdown;
              },
              "AWS has shut the account in {0} down: SES takes no mail, which is held. Answer the "
              "case in AWS's Support Center.",
              "AWS's shutdown of the account in {0} is over."},
    Condition{"under-review",
              [](const SesAccount& account, bool) {
                return account.enforcement == Enforcement::probation;
              },
              "AWS has put the account in {0} under review and may pause it. Answer the case in "
              "AWS's Support Center, and see which app bounces or draws complaints "
              "(postern_bounce_ratio, postern_complaint_ratio).",
              "AWS's review of the account in {0} is over."},
    Condition{
        "sandbox",
        [](const SesAccount& account, bool) { return !account.production_access; },
        "The account in {0} is in SES's sandbox: it sends to verified recipients only. Ask for "
        "production access in SES's console there (Account dashboard).",
        "The account in {0} has left SES's sandbox."},
    Condition{"quota",
              [](const SesAccount& account, bool before) {
                const double much = before ? less_of_the_quota : much_of_the_quota;
                return account.max_in_24_hours &&
                       account.sent_in_24_hours >= much * *account.max_in_24_hours;
              },
              "The account in {0} has sent to {1:.0f} of the {2:.0f} recipients of 24 hours; from "
              "90 % on only urgent mail leaves. Ask for more in AWS's Service Quotas.",
              "The account in {0} is well below its quota of 24 hours again ({1:.0f} of {2:.0f} "
              "recipients)."},
};

std::uint64_t whole(double recipients) {
  return static_cast<std::uint64_t>(std::clamp(recipients, 0.0, 1e15));
}

}  // namespace

delivery::AccountFigures figures_of(const SesAccount& account, std::string region) {
  delivery::AccountFigures figures;
  figures.account = std::move(region);
  if (account.max_rate > 0) figures.max_rate = account.max_rate;
  if (account.max_in_24_hours) figures.quota = whole(*account.max_in_24_hours);
  figures.sent = whole(account.sent_in_24_hours);
  if (!account.sending_enabled || account.enforcement == Enforcement::shutdown)
    figures.pause = policy::Reason::account_paused;
  figures.sandbox = !account.production_access;
  figures.under_review = account.enforcement == Enforcement::probation;
  return figures;
}

AccountNews::AccountNews(std::string region, std::string_view kept) : region_(std::move(region)) {
  std::istringstream words{std::string(kept)};
  for (std::string word; words >> word;)
    if (std::ranges::find(conditions, word, &Condition::word) != conditions.end())
      begun_.insert(word);
}

std::vector<AccountNews::Change> AccountNews::learn(const SesAccount& account) {
  std::vector<Change> changes;
  for (const Condition& condition : conditions) {
    const bool before = begun_.contains(condition.word);
    const bool now = condition.holds(account, before);
    if (now == before) continue;
    if (now) {
      begun_.emplace(condition.word);
    } else {
      begun_.erase(begun_.find(condition.word));
    }
    changes.push_back({fmt::format("{} {}", region_, condition.word),
                       fmt::format(fmt::runtime(now ? condition.begun : condition.over),
                                   region_,
                                   account.sent_in_24_hours,
                                   account.max_in_24_hours.value_or(0))});
  }
  return changes;
}

std::string AccountNews::kept() const { return fmt::format("{}", fmt::join(begun_, " ")); }

}  // namespace app
