#pragma once

#include "relay/http/endpoint.hpp"

#include <boost/json/object.hpp>

namespace http {

/// The API's description (OpenAPI 3.0.3): each path and method with its query, body and answer, and
/// as `x-access` whom it answers (Access).
[[nodiscard]] boost::json::object openapi_document();

/// GET /api/v1/openapi.json
[[nodiscard]] Endpoints openapi_endpoint();

}  // namespace http
