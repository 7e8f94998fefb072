#pragma once

#include "policy/domain_check.hpp"
#include "policy/facts.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace policy {

using WallTime = std::chrono::system_clock::time_point;

/// What is known of one check.
struct CheckState {
  CheckResult last = CheckResult::unknown;  ///< the last answer: unknown, good or bad
  WallTime seen{};                          ///< when that was
  std::optional<WallTime> silent_since;     ///< no answer since: what is known is stale
};

/// Where a sender domain stands and how it came there.
struct DomainState {
  DomainStatus status = DomainStatus::pending;
  WallTime since{};     ///< in this status
  bool proved = false;  ///< was verified once: the challenge record is not asked for any more
  std::array<CheckState, domain_checks> checks{};
  std::chrono::seconds wrong_for{0};   ///< counted in the present run of wrong rounds
  std::optional<WallTime> last_wrong;  ///< the latest round of that run; none: there is no run
  std::optional<WallTime> last_round;
  std::uint32_t quiet_rounds = 0;  ///< answered rounds in a row that changed nothing
};

struct DomainRules {
  std::chrono::seconds pending_limit = std::chrono::hours(72);
  std::chrono::seconds revoke_after = std::chrono::hours(24 * 5);
  std::chrono::seconds longest_step = std::chrono::hours(2);
};

/// The state after one more round of looks (design 7).
///
/// Required are ownership, dkim and identity; of a domain that was proved, dkim and identity: its
/// owner may remove the challenge record, a published key of ours is lasting proof. By the answers
/// for these a round is
/// - wrong: one of them is bad, whatever the others say or keep silent about;
/// - right: all are good; identity may be unknown, which is not knowing and no objection;
/// - undecided otherwise: one is silent (or was not looked at) and none is bad.
///
/// A right round verifies at once, from every status. A wrong one makes `verified` a `warning`,
/// begins a run of wrong rounds or goes on with it; a right one ends it, an undecided one neither
/// ends nor lengthens it. Between two wrong rounds of a run the time between them counts, at most
/// `longest_step` and never less than nothing, so that neither an outage, nor a stopped relay, nor
/// a clock that is set moves a domain. When the run has lasted `pending_limit`, `pending` is
/// `failed`; when `revoke_after`, `warning` is `revoked`. mail_from, spf and dmarc are recorded and
/// change no status.
[[nodiscard]] DomainState after_round(DomainState state,
                                      const CheckResults& results,
                                      WallTime now,
                                      const DomainRules& rules = {});

/// How long until the next round. While a required check is silent: five minutes. Else verified: an
/// hour; pending: a minute, doubled by each quiet round up to half an hour; warning, failed and
/// revoked: the same up to an hour. `random`, any number, spreads it by a tenth either way.
[[nodiscard]] std::chrono::seconds until_next_round(const DomainState& state, std::uint32_t random);

inline constexpr std::array domain_statuses{DomainStatus::pending,
                                            DomainStatus::verified,
                                            DomainStatus::warning,
                                            DomainStatus::revoked,
                                            DomainStatus::failed};

/// May mail leave: verified, or warned of.
[[nodiscard]] bool may_send(DomainStatus status) noexcept;
[[nodiscard]] std::string_view word(DomainStatus status) noexcept;
[[nodiscard]] std::optional<DomainStatus> domain_status_of(std::string_view word) noexcept;

}  // namespace policy
