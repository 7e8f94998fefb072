#pragma once

#include "relay/http/endpoint.hpp"

namespace http {

/// Addresses that are not mailed: GET /api/v1/suppressions?app=&address=&after=&limit=, POST
/// /api/v1/suppressions, …/import and …/remove (docs/api.md).
[[nodiscard]] Endpoints suppression_endpoints(const Sources& sources);

}  // namespace http
