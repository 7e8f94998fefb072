#pragma once

#include "relay/http/endpoint.hpp"

namespace http {

/// Who may ask, and who did what: GET and POST /api/v1/tokens, DELETE /api/v1/tokens/ID, GET
/// /api/v1/audit?target=&before=&limit= (docs/api.md).
[[nodiscard]] Endpoints token_endpoints(const Sources& sources);

}  // namespace http
