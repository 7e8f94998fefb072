#pragma once

#include "relay/http/endpoint.hpp"

namespace http {

/// Apps: GET and POST /api/v1/apps, GET and DELETE /api/v1/apps/NAME, POST …/block, …/unblock,
/// …/override, …/release and …/rotate-password (docs/api.md).
[[nodiscard]] Endpoints app_endpoints(const Sources& sources);

}  // namespace http
