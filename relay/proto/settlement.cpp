#include "relay/proto/settlement.hpp"

#include <algorithm>
#include <limits>

namespace smtp {
namespace {

using namespace std::chrono_literals;
using policy::EventKind;
using policy::Reason;
using std::chrono::milliseconds;

// Bounds the arithmetic: half of it in milliseconds times 2^32 stays below 2^63.
constexpr std::chrono::seconds longest_pause = 30 * 24h;

milliseconds bounded(std::chrono::seconds pause) {
  return std::clamp<std::chrono::seconds>(pause, 0s, longest_pause);
}

/// 75 % to 125 % of `pause`, evenly by `random`.
milliseconds spread(milliseconds pause, std::uint32_t random) {
  const auto width = static_cast<std::uint64_t>(pause.count() / 2);
  const auto offset = static_cast<milliseconds::rep>((width * random) >> 32U);
  return pause - pause / 4 + milliseconds(offset);
}

enum class Scope : std::uint8_t { message, domain, account };

/// How a class of replies is treated: a row of the table below.
struct Treatment {
  Fate fate{};
  EventKind event{};
  bool spends_attempt = true;
  std::optional<milliseconds> pause{};  ///< none: backoff
  std::optional<Reason> reason{};
  Scope scope = Scope::message;
};

constexpr Treatment hold(Reason reason, Scope scope, milliseconds probe) {
  return {Fate::hold, EventKind::held, false, probe, reason, scope};
}
constexpr Treatment again(EventKind event, milliseconds pause) {
  return {.fate = Fate::retry, .event = event, .spends_attempt = false, .pause = pause};
}

constexpr Treatment treatment(ReplyClass result) {
  switch (result) {
    case ReplyClass::taken:
      return {Fate::sent, EventKind::sent};
    case ReplyClass::throttled:
      return again(EventKind::throttled, 5s);
    case ReplyClass::daily_quota:
      return hold(Reason::daily_quota, Scope::account, 10min);
    // Not at once: an upstream that greets every transaction so must not be asked without a pause.
    case ReplyClass::session_over:
      return again(EventKind::deferred, 250ms);
    case ReplyClass::too_many_connections:
      return again(EventKind::deferred, 5s);
    case ReplyClass::credentials:
      return hold(Reason::credentials, Scope::account, 5min);
    case ReplyClass::account_paused:
      return hold(Reason::account_paused, Scope::account, 15min);
    case ReplyClass::identity:
      return hold(Reason::domain, Scope::domain, 15min);
    case ReplyClass::recipients_unverified:
      return hold(Reason::ses_sandbox, Scope::message, 1h);
    case ReplyClass::mail_from_domain:
      return hold(Reason::domain, Scope::domain, 15min);
    // Each app may name its own set, so only the message waits.
    case ReplyClass::configuration_set:
      return hold(Reason::credentials, Scope::message, 15min);
    case ReplyClass::rejected:
      return {Fate::fail, EventKind::failed};
    case ReplyClass::unknown_permanent:
      return {Fate::fail, EventKind::failed};
    case ReplyClass::transient:
      return {Fate::retry, EventKind::deferred};
    case ReplyClass::broken:
      return {Fate::retry, EventKind::deferred};
    case ReplyClass::ambiguous:
      return {Fate::retry, EventKind::resent};
  }
  return {Fate::retry, EventKind::deferred};
}

}  // namespace

milliseconds backoff(const RetryRules& rules, std::uint32_t attempts, std::uint32_t random) {
  const milliseconds cap = bounded(rules.max);
  milliseconds pause = std::min(bounded(rules.first), cap);
  for (std::uint32_t doubled = 1; doubled < attempts && pause < cap && pause > 0ms; ++doubled) {
    pause = std::min(pause * 2, cap);
  }
  return spread(pause, random);
}

Settlement settle(const RetryRules& rules, const AttemptFacts& facts) {
  const Treatment row = treatment(facts.result);
  Settlement settled;
  settled.fate = row.fate;
  settled.event = row.event;
  settled.attempts = facts.attempts_before;
  if (row.spends_attempt && settled.attempts < std::numeric_limits<std::uint32_t>::max()) {
    ++settled.attempts;
  }
  settled.slow_down = facts.result == ReplyClass::throttled;
  const bool expired = std::chrono::floor<std::chrono::seconds>(facts.age) >= rules.expire;
  if (row.fate == Fate::retry && expired) {
    settled.fate = Fate::fail;
    settled.event = EventKind::failed;
    return settled;
  }
  settled.reason = row.reason;
  settled.account_wide = row.scope == Scope::account;
  settled.domain_wide = row.scope == Scope::domain;
  if (row.pause) {
    settled.retry_in = spread(std::min(*row.pause, bounded(rules.max)), facts.random);
  } else if (row.fate == Fate::retry) {
    settled.retry_in = backoff(rules, settled.attempts, facts.random);
  }
  return settled;
}

}  // namespace smtp
