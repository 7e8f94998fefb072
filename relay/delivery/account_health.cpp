#include "relay/delivery/account_health.hpp"

#include <algorithm>
#include <utility>

namespace delivery {
namespace {

using namespace std::chrono_literals;
using policy::Reason;
using smtp::Fate;
using smtp::ReplyClass;
using std::chrono::milliseconds;

constexpr milliseconds first_probe = 1min;
constexpr milliseconds longest_probe = 15min;
constexpr milliseconds credentials_probe = 5min;
constexpr std::ptrdiff_t enough_messages = 3;

/// How long until the next probe, after one that waited for `last` (0: the first).
milliseconds next_pause(Reason reason, milliseconds last) {
  if (reason == Reason::credentials) return credentials_probe;
  return std::clamp(last * 2, first_probe, longest_probe);
}

/// The message waits with all others; the attempt says nothing of it.
smtp::Settlement held_with_all(const smtp::Settlement& settled, Reason reason) {
  smtp::Settlement hold;
  hold.fate = Fate::hold;
  hold.reason = reason;
  hold.event = policy::EventKind::held;
  hold.attempts = settled.attempts > 0 ? settled.attempts - 1 : 0;
  hold.account_wide = true;
  return hold;
}

smtp::Settlement failed(const smtp::Settlement& settled) {
  smtp::Settlement fail;
  fail.fate = Fate::fail;
  fail.event = policy::EventKind::failed;
  fail.attempts = settled.attempts;
  return fail;
}

}  // namespace

Consequence AccountHealth::learn(const Judged& judged, Time now, std::uint32_t random) {
  Consequence out{.settlement = judged.settlement};
  if (judged.result == ReplyClass::taken) {
    taken(judged, out);
  } else if (judged.result == ReplyClass::unknown_permanent) {
    unknown(judged, out, now, random);
  } else if (judged.settlement.account_wide) {
    refused_account(judged, out, now, random);
  } else if (judged.settlement.domain_wide) {
    refused_domain(judged, out, now, random);
  } else {
    told_nothing(judged, now, random);
  }
  if (out.settlement.fate == Fate::fail) suspects_.erase(judged.id);
  return out;
}

void AccountHealth::taken(const Judged& judged, Consequence& out) {
  suspects_.erase(judged.id);
  for (auto& [id, suspect] : suspects_) {
    suspect.counts = false;
    const bool alike =
        suspect.result == ReplyClass::unknown_permanent || suspect.domain == judged.domain;
    if (alike && judged.began >= suspect.refused) suspect.others_taken = true;
  }
  if (account_held() && judged.began >= account_.schedule.since) {
    for (const Reason reason : account_.reasons) out.ended.push_back({reason, {}});
    account_ = {};
  }
  const auto held = domains_.find(judged.domain);
  if (held == domains_.end() || judged.began < held->second.schedule.since) return;
  out.ended.push_back({held->second.reason, held->first});
  domains_.erase(held);
}

/// The next probe of a hold whose last one was refused, or that has just begun.
void AccountHealth::Schedule::refused(const Judged& judged,
                                      Reason reason,
                                      Time now,
                                      std::uint32_t random) {
  if (pause > 0ms && judged.began < since) return;  // was under way when the hold began
  const bool told = reason == Reason::daily_quota && judged.settlement.retry_in > 0ms;
  pause = next_pause(reason, pause);
  since = now;
  next = now + (told ? judged.settlement.retry_in : smtp::spread(pause, random));
}

milliseconds AccountHealth::Schedule::until_next(Time now) const {
  return std::max(0ms, std::chrono::ceil<milliseconds>(next - now));
}

void AccountHealth::refused_account(const Judged& judged,
                                    Consequence& out,
                                    Time now,
                                    std::uint32_t random) {
  const Reason reason = out.settlement.reason.value_or(Reason::account_paused);
  if (std::ranges::find(account_.reasons, reason) == account_.reasons.end()) {
    account_.reasons.push_back(reason);
    out.begun.push_back({reason, {}});
  }
  account_.schedule.refused(judged, reason, now, random);
  if (out.settlement.fate == Fate::hold) {
    out.settlement.retry_in = account_.schedule.until_next(now);
  }
}

void AccountHealth::refused_domain(const Judged& judged,
                                   Consequence& out,
                                   Time now,
                                   std::uint32_t random) {
  auto held = domains_.find(judged.domain);
  const bool alone = held == domains_.end() && (proved(judged) || domains_.size() >= most_domains);
  if (account_held()) told_nothing(judged, now, random);
  if (alone) {
    out.settlement.domain_wide = false;
    return;
  }
  suspect(judged, now);
  const Reason reason = out.settlement.reason.value_or(Reason::domain);
  if (held == domains_.end()) {
    held = domains_.try_emplace(std::string(judged.domain), DomainHold{.reason = reason}).first;
    out.begun.push_back({reason, held->first});
  }
  held->second.schedule.refused(judged, reason, now, random);
  if (out.settlement.fate == Fate::hold) {
    out.settlement.retry_in = held->second.schedule.until_next(now);
  }
}

void AccountHealth::unknown(const Judged& judged,
                            Consequence& out,
                            Time now,
                            std::uint32_t random) {
  if (account_held()) {
    if (judged.began < account_.schedule.since) return;
    out.settlement = held_with_all(judged.settlement, account_.reasons.back());
    return refused_account(judged, out, now, random);
  }
  if (proved(judged)) {
    out.settlement = failed(judged.settlement);
    return;
  }
  suspect(judged, now);
  const auto counted =
      std::ranges::count_if(suspects_, [](const auto& each) { return each.second.counts; });
  if (counted < enough_messages) return told_nothing(judged, now, random);
  out.settlement = held_with_all(judged.settlement, Reason::account_paused);
  refused_account(judged, out, now, random);
}

/// If it was a probe it is repeated soon.
void AccountHealth::told_nothing(const Judged& judged, Time now, std::uint32_t random) {
  Schedule* probed = nullptr;
  if (account_held()) {
    probed = &account_.schedule;
  } else if (const auto held = domains_.find(judged.domain); held != domains_.end()) {
    probed = &held->second.schedule;
  }
  if (probed == nullptr || judged.began < probed->since) return;
  probed->since = now;
  probed->next = now + smtp::spread(first_probe, random);
}

bool AccountHealth::proved(const Judged& judged) const {
  const auto known = suspects_.find(judged.id);
  return known != suspects_.end() && known->second.result == judged.result &&
         known->second.others_taken;
}

void AccountHealth::suspect(const Judged& judged, Time now) {
  if (!suspects_.contains(judged.id) && suspects_.size() >= most_suspects) {
    suspects_.erase(std::ranges::min_element(
        suspects_, {}, [](const auto& each) { return each.second.refused; }));
  }
  suspects_[judged.id] = {.domain = std::string(judged.domain),
                          .result = judged.result,
                          .refused = now,
                          .counts = judged.result == ReplyClass::unknown_permanent};
}

void AccountHealth::hold(const Hold& found, Time now) {
  const Schedule at_once{.since = now, .next = now};
  if (!found.domain.empty()) {
    if (domains_.size() < most_domains) {
      domains_.insert_or_assign(found.domain, DomainHold{found.reason, at_once});
    }
    return;
  }
  if (std::ranges::find(account_.reasons, found.reason) == account_.reasons.end()) {
    account_.reasons.push_back(found.reason);
  }
  account_.schedule = at_once;
}

void AccountHealth::probe_now(Time now) {
  account_.schedule.next = now;
  for (auto& [domain, held] : domains_) held.schedule.next = now;
}

void AccountHealth::nothing_held(const Hold& hold) {
  if (hold.domain.empty()) {
    std::erase(account_.reasons, hold.reason);
    if (account_held()) {
      account_.schedule.next = Time::min();  // for what is held for the other reasons
    } else {
      account_ = {};
    }
    return;
  }
  const auto held = domains_.find(hold.domain);
  if (held != domains_.end() && held->second.reason == hold.reason) domains_.erase(held);
}

std::optional<Reason> AccountHealth::held(std::string_view domain) const {
  if (account_held()) return account_.reasons.back();
  const auto held = domains_.find(domain);
  return held == domains_.end() ? std::nullopt : std::optional(held->second.reason);
}

std::vector<Hold> AccountHealth::holds() const {
  std::vector<Hold> all;
  all.reserve(account_.reasons.size() + domains_.size());
  for (const Reason reason : account_.reasons) all.push_back({reason, {}});
  for (const auto& [domain, held] : domains_) all.push_back({held.reason, domain});
  return all;
}

std::vector<Hold> AccountHealth::probes(Time now) {
  std::vector<Hold> due;
  if (account_held()) {
    if (account_.schedule.next > now) return due;
    account_.schedule.next = now + probe_patience;
    due.push_back({account_.reasons.back(), {}});
    return due;
  }
  for (auto& [domain, held] : domains_) {
    if (held.schedule.next > now) continue;
    held.schedule.next = now + probe_patience;
    due.push_back({held.reason, domain});
  }
  return due;
}

std::optional<AccountHealth::Time> AccountHealth::next_probe() const {
  if (account_held()) return account_.schedule.next;
  const auto first = std::ranges::min_element(
      domains_, {}, [](const auto& each) { return each.second.schedule.next; });
  return first == domains_.end() ? std::nullopt : std::optional(first->second.schedule.next);
}

}  // namespace delivery
