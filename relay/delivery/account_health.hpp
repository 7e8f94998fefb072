#pragma once

#include "policy/reason.hpp"
#include "relay/proto/settlement.hpp"
#include "relay/spool/queue_id.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace delivery {

constexpr std::chrono::minutes probe_patience{15};  ///< for a probe of which nothing is heard

/// Mail that waits for the operator: all of the account, or one sender domain's.
struct Hold {
  policy::Reason reason{};
  std::string domain;  ///< empty: all mail of the account
  friend auto operator<=>(const Hold&, const Hold&) = default;
};

/// What the upstream said of one message.
struct Judged {
  spool::QueueId id;
  std::string_view domain;  ///< that signs
  smtp::ReplyClass result{};
  smtp::Settlement
      settlement;  ///< by smtp::settle(); for daily_quota `retry_in` as QuotaWindow says
  std::chrono::steady_clock::time_point began{};  ///< when the attempt began
};

/// What follows from it.
struct Consequence {
  smtp::Settlement settlement;  ///< the message's own, corrected where others' fate explains it
  std::vector<Hold> begun;      ///< all mail concerned is to be held
  std::vector<Hold> ended;      ///< what is held for that reason (and domain) is to be released
};

/// What the replies of an upstream account say about the account and its domains: which mail has to
/// wait, and when one message probes whether it still must.
///
/// - An account-wide hold ends with the first message taken whose attempt began after it; a
/// domain's
///   with the first of that domain. What was under way when the hold began proves nothing.
/// - Probes: 1 min after the hold began, then doubling up to 15 min; credentials every 5 min; the
///   daily quota when Settlement::retry_in says. Spread by a quarter. A probe that tells nothing
///   (its connection broke, its message was refused for itself) is repeated after 1 min.
/// - A 5yz that nobody knows (ReplyClass::unknown_permanent) does not fail its message at once.
/// Three
///   different messages that meet one with no message taken in between show a fault of the
///   operator's: all is held as `account_paused`. A message that meets one again after another was
///   taken is itself at fault and fails; while the account is held none does.
/// - In the same way a message refused for its identity again after another of its domain was taken
///   is held alone: its From is of another identity.
///
/// Bounded: `most_suspects` messages (the oldest is forgotten), `most_domains` held domains (beyond
/// them each message is held by itself). Not thread-safe.
class AccountHealth {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::size_t most_suspects = 1000;
  static constexpr std::size_t most_domains = 1000;

  [[nodiscard]] Consequence learn(const Judged& judged, Time now, std::uint32_t random);

  /// A hold found in the store at start; it is probed at once.
  void hold(const Hold& found, Time now);
  /// Probes everything at once: after a reload, which may have mended it.
  void probe_now(Time now);
  /// No entry is held for this any more (lease_held() found none): the hold is over.
  void nothing_held(const Hold& hold);

  /// Why mail of this domain has to wait, the account's reason first.
  [[nodiscard]] std::optional<policy::Reason> held(std::string_view domain) const;
  [[nodiscard]] bool account_held() const noexcept { return !account_.reasons.empty(); }
  [[nodiscard]] std::vector<Hold> holds() const;

  /// The holds to be probed now by one message each (Store::lease_held()). While the account is
  /// held its domains are not. A probe that nobody tells of is repeated after 15 min.
  [[nodiscard]] std::vector<Hold> probes(Time now);
  /// When probes() has something next.
  [[nodiscard]] std::optional<Time> next_probe() const;

 private:
  /// When to probe next, and how long to wait if that fails.
  struct Schedule {
    Time since{};  ///< attempts that began before tell nothing new
    Time next{};
    std::chrono::milliseconds pause{0};
    void refused(const Judged& judged, policy::Reason reason, Time now, std::uint32_t random);
    [[nodiscard]] std::chrono::milliseconds until_next(Time now) const;
  };
  struct AccountHold {
    std::vector<policy::Reason> reasons;  ///< latest last; empty: not held
    Schedule schedule;
  };
  struct DomainHold {
    policy::Reason reason{};
    Schedule schedule;
  };
  /// A message whose refusal may be its own fault.
  struct Suspect {
    std::string domain;
    smtp::ReplyClass result{};
    Time refused{};
    bool others_taken =
        false;            ///< an attempt begun since: of the account, or for `identity` the domain
    bool counts = false;  ///< towards three: unknown, and none was taken since
  };

  void taken(const Judged& judged, Consequence& out);
  void refused_account(const Judged& judged, Consequence& out, Time now, std::uint32_t random);
  void refused_domain(const Judged& judged, Consequence& out, Time now, std::uint32_t random);
  void unknown(const Judged& judged, Consequence& out, Time now, std::uint32_t random);
  void told_nothing(const Judged& judged, Time now, std::uint32_t random);
  [[nodiscard]] bool proved(const Judged& judged) const;
  void suspect(const Judged& judged, Time now);

  AccountHold account_;
  std::map<std::string, DomainHold, std::less<>> domains_;
  std::map<spool::QueueId, Suspect> suspects_;
};

}  // namespace delivery
