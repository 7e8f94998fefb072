#pragma once

#include "relay/http/endpoint.hpp"

namespace http {

/// What an operator, or a program of theirs, asks of the running relay; JSON both ways.
///
/// - POST /api/v1/drain {"timeout": seconds}: {"drained", "queued", "in_delivery", "in_doubt",
///   "held"}, as soon as it is drained or the time is over.
/// - POST /api/v1/reload {}: {"reloaded", "mistakes": [sentence…]}.
/// - POST /api/v1/backup {"file": absolute path}: {"file"}; 409 where it cannot be written.
/// - POST /api/v1/feedback/event {"queue_id", "upstream_id", "event"}, the last two as SES writes
///   them: {"settled"}.
[[nodiscard]] Endpoints operator_endpoints(const Sources& sources);

}  // namespace http
