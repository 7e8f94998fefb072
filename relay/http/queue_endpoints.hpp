#pragma once

#include "relay/http/endpoint.hpp"

namespace http {

/// What waits, and what became of it:
/// - GET /api/v1/queue?state=&app=&domain=&reason=&older_than=&after=&limit=: {"entries", "next"}
/// - GET /api/v1/queue/ID: {"entry", "timeline"}
/// - GET /api/v1/trace?word=: {"matches": [{"entry", "timeline"}]}
[[nodiscard]] Endpoints queue_endpoints(const Sources& sources);

}  // namespace http
