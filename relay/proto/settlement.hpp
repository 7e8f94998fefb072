#pragma once

#include "policy/event.hpp"
#include "policy/reason.hpp"
#include "relay/proto/reply_class.hpp"

#include <chrono>
#include <cstdint>
#include <optional>

namespace smtp {

struct RetryRules {
  std::chrono::seconds first{30};
  std::chrono::seconds max{std::chrono::minutes(30)};
  std::chrono::seconds expire{std::chrono::hours(48)};
};

/// When to try again: first · 2^(attempts-1), at most max (and 30 days), then spread over ±25 % by
/// `random` in [0, 2^32), so that what failed together does not come back together. Zero attempts
/// count as one; negative rules as zero.
[[nodiscard]] std::chrono::milliseconds backoff(const RetryRules& rules,
                                                std::uint32_t attempts,
                                                std::uint32_t random);

/// What to do with the entry.
enum class Fate : std::uint8_t { sent, retry, hold, fail };
struct Settlement {
  Fate fate{};
  std::optional<policy::Reason> reason;   ///< hold
  std::chrono::milliseconds retry_in{0};  ///< retry, and for a hold when it is probed again
  std::uint32_t attempts = 0;             ///< after this one
  policy::EventKind event{};
  bool slow_down = false;     ///< the rate must fall
  bool account_wide = false;  ///< the hold concerns all mail of this upstream account
  bool domain_wide = false;   ///< the hold concerns all mail of this sender domain
};

struct AttemptFacts {
  ReplyClass result{};
  std::uint32_t attempts_before = 0;
  std::chrono::milliseconds age{
      0};  ///< since accept, time held left out; negative when the clock went back
  std::uint32_t random = 0;
};

/// Settles an attempt. Pure: an entry is failed only for a reply about the message itself, or when
/// a retry finds it at or past `expire`; a hold never fails. Pauses that are not backoff (a
/// throttled retry, the probe of a hold) are fixed by class, never longer than `rules.max`, and
/// spread like a backoff.
[[nodiscard]] Settlement settle(const RetryRules& rules, const AttemptFacts& facts);

}  // namespace smtp
