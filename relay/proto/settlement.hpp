#pragma once

#include "policy/event.hpp"
#include "policy/reason.hpp"
#include "relay/proto/reply_class.hpp"

#include <chrono>
#include <cstdint>
#include <optional>

namespace smtp {

/// `in_doubt.action`: what becomes of a message whose final dot got no reply.
enum class DoubtAction : std::uint8_t {
  automatic,  ///< wait for the upstream's event while its feed has proved itself; else send again
  wait,       ///< wait for the event in any case, then send again
  resend,     ///< send again
  hold,       ///< an operator decides
};

struct DoubtRules {
  DoubtAction action = DoubtAction::automatic;
  std::chrono::seconds wait{std::chrono::minutes(15)};
  std::chrono::seconds wait_urgent{60};  ///< at most, and at most `wait`
};

struct RetryRules {
  std::chrono::seconds first{30};
  std::chrono::seconds max{std::chrono::minutes(30)};
  std::chrono::seconds expire{std::chrono::hours(48)};
  std::chrono::seconds expire_urgent{std::chrono::hours(10)};  ///< at most `expire`
  std::chrono::seconds hold_expire{std::chrono::hours(14 * 24)};
  DoubtRules doubt{};
};

/// 75 % to 125 % of `pause` (taken as 0 to 30 days), evenly by `random` in [0, 2^32), so that what
/// failed together does not come back together.
[[nodiscard]] std::chrono::milliseconds spread(std::chrono::milliseconds pause,
                                               std::uint32_t random);

/// When to try again: first · 2^(attempts-1), at most max (and 30 days), spread. Zero attempts
/// count as one; negative rules as zero.
[[nodiscard]] std::chrono::milliseconds backoff(const RetryRules& rules,
                                                std::uint32_t attempts,
                                                std::uint32_t random);

/// What to do with the entry. `doubt`: it stays in doubt, and is looked at again after `retry_in`
/// if no event has settled it.
enum class Fate : std::uint8_t { sent, retry, hold, fail, doubt };
struct Settlement {
  Fate fate{};
  std::optional<policy::Reason> reason;   ///< hold; fail: the hold that it did not outlive
  std::chrono::milliseconds retry_in{0};  ///< retry, doubt, and for a hold when it is probed again
  std::uint32_t attempts = 0;             ///< after this one
  policy::EventKind event{};
  bool slow_down = false;     ///< the rate must fall
  bool account_wide = false;  ///< the hold concerns all mail of this upstream account
  bool domain_wide = false;   ///< the hold concerns all mail of this sender domain
};

struct AttemptFacts {
  ReplyClass result{};
  std::uint32_t attempts_before = 0;
  /// Since accept, time held left out; negative when the clock went back.
  std::chrono::milliseconds age{0};
  std::uint32_t random = 0;
  bool urgent = false;
  std::chrono::milliseconds held{0};  ///< how long its present hold has lasted; 0: it is in none
  /// The upstream's feed of events has lately returned one of our tags.
  bool feed_proven = false;
  bool clock_steady = true;  ///< false: the wall clock jumped lately, nothing expires
};

/// Settles an attempt. Pure: an entry is failed only for a reply about the message itself, or given
/// up (event `expired`) when a retry finds it at or past `expire` (urgent: `expire_urgent`), or
/// another hold at or past `hold_expire`. No pause reaches beyond that time. Pauses that are not
/// backoff (a throttled retry, the probe of a hold) are fixed by class, never longer than
/// `rules.max`, and spread like a backoff.
///
/// `unknown_permanent` is retried here: delivery::AccountHealth sees whose fault it is.
[[nodiscard]] Settlement settle(const RetryRules& rules, const AttemptFacts& facts);

struct DoubtFacts {
  std::uint32_t attempts = 0;  ///< the one in doubt included
  std::chrono::milliseconds age{0};
  std::chrono::milliseconds waited{0};  ///< since its final dot; 0: it has just come into doubt
  std::uint32_t random = 0;
  bool urgent = false;
  bool feed_proven = false;
  bool clock_steady = true;
};

/// What becomes of an entry in doubt: it waits (on), is sent again (`resent`: with backoff if it
/// has just come into doubt, at once when it has waited), is held `by_hand`, or is given up as
/// `expired`.
[[nodiscard]] Settlement settle_doubt(const RetryRules& rules, const DoubtFacts& facts);

/// How long an entry waits in doubt for the upstream's event: what the mark before the final dot
/// carries as its time. 0: not at all.
[[nodiscard]] std::chrono::milliseconds doubt_wait(const DoubtRules& rules,
                                                   bool urgent,
                                                   bool feed_proven);

/// Whether an entry that was held for so long without a break is given up.
[[nodiscard]] bool hold_expired(const RetryRules& rules, std::chrono::milliseconds held);

/// Whether an entry of that age is given up instead of tried (once more).
[[nodiscard]] bool expired(const RetryRules& rules, bool urgent, std::chrono::milliseconds age);

}  // namespace smtp
