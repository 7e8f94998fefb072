#pragma once

#include "policy/envelope.hpp"
#include "policy/facts.hpp"
#include "policy/reply.hpp"
#include "policy/summary.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace policy {

/// Nothing: go on or accept. A Refusal: say it.
using Verdict = std::optional<Refusal>;

/// At MAIL: blocked, sender-domain (null path too), too-big by the declared SIZE (0: not declared).
[[nodiscard]] Verdict judge_mail(const AppFacts& app,
                                 std::string_view reverse_path,
                                 std::uint64_t declared_size);

/// At MAIL: quota, when what the app has queued has reached a bound of its limits. A message may
/// overshoot the bound of octets: its size is not known yet.
[[nodiscard]] Verdict judge_queue(const AppFacts& app, const QueueLoad& queued);

/// At RCPT: not an address SES can take.
[[nodiscard]] Verdict judge_recipient(std::string_view forward_path);

/// At DATA: too many recipients (nobody gets it).
[[nodiscard]] Verdict judge_data(const AppFacts& app, const Envelope& envelope);

/// At the end of data, all that is left, in the order of docs/interface.md: framing, too-big,
/// from-domain, attachment, loop, structure, dmarc, bulk.
[[nodiscard]] Verdict judge_message(const AppFacts& app, const Summary& summary);

/// The DMARC pre-flight of a message: of its From mailboxes the one that fares worst, because a
/// receiver judges each (RFC 7489 6.6.1). Nothing where the policy of none of them is known.
/// judge_message refuses what fails under reject.
[[nodiscard]] std::optional<DmarcJudgement> dmarc_sight(const AppFacts& app,
                                                        const Summary& summary);

/// The sender domain of the app that covers `domain` (lower-case A-label): the same name, or the
/// closest one above it with sub-domains, unless the name is under a foreign one of that. Or null.
[[nodiscard]] const SenderDomain* covering_domain(const AppFacts& app,
                                                  std::string_view domain) noexcept;

/// A domain in From whose DMARC record nobody has asked for yet, though its sender domain is
/// verified by DNS; empty if there is none.
[[nodiscard]] std::string_view unknown_from(const AppFacts& app, const Summary& summary) noexcept;

/// The domain that signs: the sender domain that covers the first From mailbox.
[[nodiscard]] const SenderDomain* signing_domain(const AppFacts& app,
                                                 const Summary& summary) noexcept;

}  // namespace policy
