#pragma once

#include "relay/http/endpoint.hpp"

namespace http {

/// Sender domains: GET and POST /api/v1/domains, GET and DELETE /api/v1/domains/NAME, GET
/// …/records, POST …/verify, …/associate, …/dissociate, …/rotate-key and …/export-key
/// (docs/api.md).
[[nodiscard]] Endpoints domain_endpoints(const Sources& sources);

}  // namespace http
