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

/// Whether `age` has reached `limit`, in whole seconds: no pair of the two overflows.
bool reached(milliseconds age, std::chrono::seconds limit) {
  return std::chrono::floor<std::chrono::seconds>(age) >= limit;
}

/// What is left of `limit`, at least 1 ms; at most the longest pause, so that nothing overflows.
milliseconds left(milliseconds age, std::chrono::seconds limit) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(age);
  if (seconds < 0s || limit - seconds > longest_pause) return longest_pause;
  return std::max<milliseconds>(1ms, milliseconds(limit - seconds) - (age - seconds));
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
      return again(EventKind::throttled, 2s);
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
    case ReplyClass::transient:
    case ReplyClass::broken:
      return {Fate::retry, EventKind::deferred};
    case ReplyClass::ambiguous:
      return {Fate::doubt, EventKind::in_doubt};
  }
  return {Fate::retry, EventKind::deferred};
}

std::uint32_t one_more(std::uint32_t attempts) {
  return attempts < std::numeric_limits<std::uint32_t>::max() ? attempts + 1 : attempts;
}

std::chrono::seconds expiry(const RetryRules& rules, bool urgent) {
  return urgent ? std::min(rules.expire, rules.expire_urgent) : rules.expire;
}

/// Given up: at its time, not for what was replied.
void expire(Settlement& settled) {
  settled.fate = Fate::fail;
  settled.event = EventKind::expired;
  settled.retry_in = 0ms;
}

/// A retry after the pause of its class or by backoff, at the latest when it expires.
void retry(Settlement& settled,
           std::optional<milliseconds> pause,
           const RetryRules& rules,
           const AttemptFacts& facts) {
  if (facts.clock_steady && expired(rules, facts.urgent, facts.age)) return expire(settled);
  settled.retry_in = pause ? spread(std::min(*pause, bounded(rules.max)), facts.random)
                           : backoff(rules, settled.attempts, facts.random);
  if (!facts.clock_steady) return;
  settled.retry_in = std::min(settled.retry_in, left(facts.age, expiry(rules, facts.urgent)));
}

/// A hold, looked at again at the latest at its deadline.
void hold(Settlement& settled,
          milliseconds pause,
          const RetryRules& rules,
          const AttemptFacts& facts) {
  if (facts.clock_steady && hold_expired(rules, facts.held)) return expire(settled);
  settled.retry_in = spread(std::min(pause, bounded(rules.max)), facts.random);
  if (!facts.clock_steady) return;
  settled.retry_in = std::min(settled.retry_in, left(facts.held, rules.hold_expire));
}

}  // namespace

milliseconds spread(milliseconds pause, std::uint32_t random) {
  const milliseconds within = std::clamp<milliseconds>(pause, 0ms, longest_pause);
  const auto width = static_cast<std::uint64_t>(within.count() / 2);
  const auto offset = static_cast<milliseconds::rep>((width * random) >> 32U);
  return within - within / 4 + milliseconds(offset);
}

milliseconds backoff(const RetryRules& rules, std::uint32_t attempts, std::uint32_t random) {
  const milliseconds cap = bounded(rules.max);
  milliseconds pause = std::min(bounded(rules.first), cap);
  for (std::uint32_t doubled = 1; doubled < attempts && pause < cap && pause > 0ms; ++doubled) {
    pause = std::min(pause * 2, cap);
  }
  return spread(pause, random);
}

bool expired(const RetryRules& rules, bool urgent, milliseconds age) {
  return reached(age, expiry(rules, urgent));
}

bool hold_expired(const RetryRules& rules, milliseconds held) {
  return reached(held, rules.hold_expire);
}

milliseconds doubt_wait(const DoubtRules& rules, bool urgent, bool feed_proven) {
  const milliseconds wait = bounded(urgent ? std::min(rules.wait, rules.wait_urgent) : rules.wait);
  switch (rules.action) {
    case DoubtAction::automatic:
      return feed_proven ? wait : 0ms;
    case DoubtAction::wait:
      return wait;
    case DoubtAction::resend:
    case DoubtAction::hold:
      return 0ms;
  }
  return 0ms;
}

Settlement settle(const RetryRules& rules, const AttemptFacts& facts) {
  if (facts.result == ReplyClass::ambiguous) {
    return settle_doubt(rules,
                        {.attempts = one_more(facts.attempts_before),
                         .age = facts.age,
                         .random = facts.random,
                         .urgent = facts.urgent,
                         .feed_proven = facts.feed_proven,
                         .clock_steady = facts.clock_steady});
  }
  const Treatment row = treatment(facts.result);
  Settlement settled;
  settled.fate = row.fate;
  settled.event = row.event;
  settled.attempts = row.spends_attempt ? one_more(facts.attempts_before) : facts.attempts_before;
  settled.slow_down = facts.result == ReplyClass::throttled;
  settled.reason = row.reason;
  settled.account_wide = row.scope == Scope::account;
  settled.domain_wide = row.scope == Scope::domain;
  if (row.fate == Fate::retry) retry(settled, row.pause, rules, facts);
  if (row.fate == Fate::hold) hold(settled, row.pause.value_or(0ms), rules, facts);
  return settled;
}

Settlement settle_doubt(const RetryRules& rules, const DoubtFacts& facts) {
  Settlement settled;
  settled.attempts = facts.attempts;
  if (rules.doubt.action == DoubtAction::hold) {
    settled.fate = Fate::hold;
    settled.event = EventKind::held;
    settled.reason = Reason::by_hand;
    settled.retry_in = bounded(rules.hold_expire);
    return settled;
  }
  const milliseconds wait = doubt_wait(rules.doubt, facts.urgent, facts.feed_proven);
  if (facts.waited < wait) {
    settled.fate = Fate::doubt;
    settled.event = EventKind::in_doubt;
    settled.retry_in = wait - std::max(0ms, facts.waited);
    return settled;
  }
  settled.fate = Fate::retry;
  settled.event = EventKind::resent;
  if (facts.clock_steady && expired(rules, facts.urgent, facts.age)) {
    expire(settled);
  } else if (facts.waited <= 0ms) {
    settled.retry_in = backoff(rules, facts.attempts, facts.random);
  }
  return settled;
}

}  // namespace smtp
