#pragma once

#include "relay/http/server.hpp"
#include "relay/http/sources.hpp"

namespace http {

/// /healthz: 200 as long as the process answers. /readyz: 200, or 503 with one line for each thing
/// that is missing. Neither asks for a token.
[[nodiscard]] Routes health_routes(const Sources& sources);

/// /metrics, text format 0.0.4, without a token. When the store does not answer in time the queue's
/// gauges keep their last values.
[[nodiscard]] Routes metrics_routes(const Sources& sources);

/// The API for a TCP listener: /api/v1/…, each with a token, at one of the hosts (gate.hpp).
/// docs/api.md says what there is.
[[nodiscard]] Routes api_routes(const Sources& sources);

/// All of the above for the admin socket, which needs no token: who may connect is an admin.
[[nodiscard]] Routes admin_routes(const Sources& sources);

}  // namespace http
