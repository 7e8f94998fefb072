#pragma once

#include "policy/envelope.hpp"
#include "relay/proto/client_session.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace smtp {

/// What an upstream reply, or the want of one, means: the table of SES's replies
/// (docs/ses-replies.md).
enum class ReplyClass : std::uint8_t {
  taken,         ///< 250 after the dot
  throttled,     ///< 454 … sending rate exceeded: slow down, no attempt spent
  daily_quota,   ///< 454 … Daily message quota exceeded: hold the account's mail
  session_over,  ///< 421 … message count per session, 451 idle: new connection, no attempt spent
  too_many_connections,  ///< 421 Too many concurrent SMTP connections: fewer, no attempt spent
  credentials,  ///< 535, 530, 554 Access denied, no STARTTLS or AUTH: the upstream does not let us
                ///< in as configured
  account_paused,         ///< 554 Sending paused for this account
  identity,               ///< 554 not verified, naming the sender: hold that domain's mail
  recipients_unverified,  ///< 554 not verified, naming only recipients: the account is in SES's
                          ///< sandbox
  mail_from_domain,       ///< 554 MAIL FROM domain not verified
  configuration_set,  ///< 554 the configuration set or tenant named in the message is missing or
                      ///< paused
  rejected,           ///< 5yz about this message: fail it
  unknown_permanent,  ///< 5yz that is none of these
  transient,          ///< 4yz: back off
  broken,             ///< no reply: connection lost before the final dot
  ambiguous,          ///< no reply after the final dot
};
[[nodiscard]] std::string_view word(ReplyClass c) noexcept;  ///< `delivery_attempts_total{result}`

/// Classifies what ended a transaction or a session, by the phase, the code and the beginning of
/// the text, in any case and with or without an enhanced status code (RFC 3463) in front. What the
/// upstream quotes of the message itself (in quotes or angle brackets, addresses) never decides, so
/// that no site can hold another's mail by what it writes. `envelope` tells sender from recipients
/// in SES's list of identities: whatever is no forward path counts as sender, since From may differ
/// from the reverse-path. Before MAIL no reply is about the message: a 5yz there is `credentials`.
[[nodiscard]] ReplyClass classify(Phase phase,
                                  const std::optional<UpstreamReply>& reply,
                                  bool ambiguous,
                                  const policy::Envelope& envelope);

/// Whether the upstream closes the connection after this reply: 421, or SES's 451 for an idle
/// session.
[[nodiscard]] bool ends_session(const UpstreamReply& reply);

/// SES's message id in `250 Ok <id>`; empty if the reply has another shape.
[[nodiscard]] std::string upstream_id(const UpstreamReply& reply);

}  // namespace smtp
