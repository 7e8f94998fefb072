#pragma once

#include "relay/http/server.hpp"
#include "relay/observe/metrics.hpp"
#include "relay/spool/store.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace http {

/// What the answers are made of. Store and metrics outlive the server.
struct Sources {
  spool::Store& store;
  observe::Metrics& metrics;
  /// One sentence for each thing that keeps the relay from taking mail, the store left out: "SMTP
  /// listener … is closed."
  std::function<std::vector<std::string>()> troubles;
  /// Sets the gauges that are only known by asking (free octets of the disk); must not block long.
  std::function<void(observe::Metrics&)> refresh;
  std::chrono::milliseconds store_timeout{5'000};  ///< for an answer of the store
};

/// /healthz: 200 as long as the process answers. /readyz: 200, or 503 with one line for each thing
/// that is missing.
[[nodiscard]] Routes health_routes(const Sources& sources);

/// /metrics, text format 0.0.4. When the store does not answer in time the queue's gauges keep
/// their last values.
[[nodiscard]] Routes metrics_routes(const Sources& sources);

/// What the commands ask over the admin socket: GET
/// /api/v1/queue?state=&app=&domain=&reason=&after=&limit=, /api/v1/queue/ID, /api/v1/trace?word=.
/// JSON; an error is {"error": sentence}. Times are ISO 8601, UTC.
[[nodiscard]] Routes api_routes(const Sources& sources);

/// All of the above, for the admin socket.
[[nodiscard]] Routes admin_routes(const Sources& sources);

}  // namespace http
