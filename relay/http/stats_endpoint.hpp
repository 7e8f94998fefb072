#pragma once

#include "relay/http/endpoint.hpp"

namespace http {

/// What became of the apps' mail: GET /api/v1/stats?app= (docs/api.md).
[[nodiscard]] Endpoints stats_endpoint(const Sources& sources);

}  // namespace http
