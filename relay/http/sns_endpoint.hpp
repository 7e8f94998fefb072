#pragma once

#include "relay/http/server.hpp"
#include "relay/http/sources.hpp"

namespace http {

/// Posts that one listener takes; SNS posts again what is over it.
struct SnsRate {
  double per_second = 100;
  double burst = 200;
};

/// POST /feedback/sns for one TCP listener: hands a body of any Content-Type and at most
/// longest_sns_post octets to Sources::sns, which believes nothing of it but what is signed. No
/// token is asked for, because SNS has none.
[[nodiscard]] Routes sns_routes(const Sources& sources, SnsRate rate = {});

}  // namespace http
