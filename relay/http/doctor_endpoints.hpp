#pragma once

#include "relay/http/endpoint.hpp"

namespace http {

/// What `postern doctor` and `postern send-test` ask.
[[nodiscard]] Endpoints doctor_endpoints(const Sources& sources);

}  // namespace http
