#pragma once

#include "relay/http/endpoint.hpp"

namespace http {

/// POST /api/v1/queue/retry, hold, release and drop: {"ids": [ID…]}, or any of {"app", "domain",
/// "reason", "state", "older_than": seconds}, or {"all": true}; and "dry_run": true. Answers
/// {"dry_run", "matched", "superseded", "complete", "left_alone": [{"id", "state"}]}:
/// the last are the ids it was not done to, with a null state where there is no such message.
[[nodiscard]] Endpoints order_endpoints(const Sources& sources);

}  // namespace http
