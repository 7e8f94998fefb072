#include "relay/delivery/account.hpp"

#include <utility>

namespace delivery {

Consequence Account::judge(Judged judged,
                           std::uint64_t recipients,
                           Time now,
                           std::uint32_t random) {
  const std::lock_guard lock(mutex_);
  if (judged.result == smtp::ReplyClass::taken) quota_.sent(recipients, now);
  if (judged.result == smtp::ReplyClass::daily_quota)
    judged.settlement.retry_in = quota_.refused(now, random);
  return health_.learn(judged, now, random);
}

std::optional<policy::Reason> Account::held(std::string_view domain) const {
  const std::lock_guard lock(mutex_);
  return health_.held(domain);
}

std::vector<Hold> Account::holds() const {
  const std::lock_guard lock(mutex_);
  return health_.holds();
}

void Account::hold(const Hold& found, Time now) {
  const std::lock_guard lock(mutex_);
  health_.hold(found, now);
}

void Account::probe_now(Time now) {
  const std::lock_guard lock(mutex_);
  health_.probe_now(now);
  quota_.forget();
}

void Account::nothing_held(const Hold& hold) {
  const std::lock_guard lock(mutex_);
  health_.nothing_held(hold);
}

std::vector<Hold> Account::probes(Time now) {
  const std::lock_guard lock(mutex_);
  return health_.probes(now);
}

std::optional<Account::Time> Account::next_probe() const {
  const std::lock_guard lock(mutex_);
  return health_.next_probe();
}

void Account::told(std::optional<AccountFigures> figures, Time now) {
  const std::lock_guard lock(mutex_);
  const bool resumed = figures_ && figures_->pause && figures && !figures->pause;
  if (resumed) health_.probe_now(now);
  if (figures) {
    quota_.told(figures->quota, figures->sent);
  } else {
    quota_.not_told();
  }
  figures_ = std::move(figures);
}

std::optional<AccountFigures> Account::figures() const {
  const std::lock_guard lock(mutex_);
  return figures_;
}

std::chrono::milliseconds Account::quota_wait(bool urgent,
                                              std::uint64_t recipients,
                                              Time now,
                                              std::uint64_t under_way) {
  const std::lock_guard lock(mutex_);
  return quota_.wait(urgent, recipients, now, under_way);
}

std::string Account::kept_quota(Time now, QuotaWindow::Wall wall) {
  const std::lock_guard lock(mutex_);
  return quota_.kept(now, wall);
}

void Account::recall_quota(std::string_view kept, Time now, QuotaWindow::Wall wall) {
  const std::lock_guard lock(mutex_);
  quota_.recall(kept, now, wall);
}

std::uint64_t Account::sent_in_window(Time now) {
  const std::lock_guard lock(mutex_);
  return quota_.sent_in_window(now);
}

std::optional<std::uint64_t> Account::known_quota(Time now) {
  const std::lock_guard lock(mutex_);
  return quota_.known_quota(now);
}

std::string to_text(const std::vector<Hold>& holds) {
  std::string text;
  for (const Hold& hold : holds)
    text.append(policy::word(hold.reason)).append(" ").append(hold.domain).append("\n");
  return text;
}

std::vector<Hold> holds_of(std::string_view text) {
  std::vector<Hold> holds;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const auto space = line.find(' ');
    const auto reason = policy::reason_of(line.substr(0, space));
    if (reason && space != std::string_view::npos)
      holds.push_back({*reason, std::string(line.substr(space + 1))});
  }
  return holds;
}

}  // namespace delivery
