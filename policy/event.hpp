#pragma once

#include "policy/reason.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace policy {

/// Every fate of a message, a closed set: log line, timeline, metric and notice derive from one
/// Event.
enum class EventKind : std::uint8_t {
  refused,      ///< in the SMTP session; never stored as an entry
  accepted,     ///< durable, 250 said
  in_doubt,     ///< marked before the final dot goes upstream
  sent,         ///< the upstream took it
  deferred,     ///< tried again at a later time
  held,         ///< waits for a condition to clear
  released,     ///< out of a hold
  resent,       ///< in doubt and settled by sending again
  settled,      ///< in doubt and settled by the upstream's own event: it has it
  repeated,     ///< the client sent it once more and got this queue id again
  failed,       ///< the upstream refused it for good
  expired,      ///< given up at its time
  dropped,      ///< taken out by an operator
  superseded,   ///< a newer copy for the same recipient goes instead
  throttled,    ///< the upstream asked to slow down; no attempt spent
  quarantined,  ///< the stored row could not be read
  left_out,     ///< taken without some of its recipients: to these it does not go
  delivered,    ///< the recipient's server took it
  delayed,      ///< the recipient's server does not take it yet
  bounced,      ///< it came back
  complained,   ///< a recipient called it spam
  rejected,     ///< the upstream took it and will not send it
  noted,        ///< what else the upstream told of it
};
[[nodiscard]] std::string_view word(EventKind kind) noexcept;
[[nodiscard]] std::optional<EventKind> event_kind_of(std::string_view word) noexcept;

/// One step in the life of a message. Times are wall clock; empty strings are not known.
struct Event {
  EventKind kind{};
  std::chrono::system_clock::time_point at{};
  std::string queue_id;   ///< empty for a refusal
  std::string reference;  ///< a refusal's event number
  std::string app;
  std::string domain;  ///< configured sender domain
  std::optional<Reason> reason;
  std::string detail;  ///< the reply said or received, or what happened; foreign text unescaped
};

}  // namespace policy
