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
  /// How long an order or a backup is waited for; it goes on when nobody waits any more.
  std::chrono::milliseconds long_timeout{std::chrono::minutes(30)};

  // The admin socket's own: each is called on the server's executor, may call back on any thread,
  // and must not block long.
  /// queue.hold_expire, as it is now.
  std::function<std::chrono::seconds()> hold_expire;
  /// Carries out an order, on what delivery has in memory too.
  std::function<void(spool::Order, std::function<void(spool::Ordered)>)> order;
  /// Delivers what is queued at full rate while mail is still taken; calls back when nothing is
  /// ready or in delivery (true), or that will not be (false: the relay stops).
  std::function<void(std::function<void(bool)>)> drain;
  /// Reads configuration and secrets again, all or nothing; sentences of what is wrong, empty when
  /// done.
  std::function<std::vector<std::string>()> reload;
  /// What the upstream says of a message after its reply; calls back whether that settled an entry.
  std::function<void(
      spool::QueueId, std::string upstream_id, std::string event, std::function<void(bool)>)>
      feedback;
};

/// /healthz: 200 as long as the process answers. /readyz: 200, or 503 with one line for each thing
/// that is missing.
[[nodiscard]] Routes health_routes(const Sources& sources);

/// /metrics, text format 0.0.4. When the store does not answer in time the queue's gauges keep
/// their last values.
[[nodiscard]] Routes metrics_routes(const Sources& sources);

/// What the commands ask over the admin socket: GET
/// /api/v1/queue?state=&app=&domain=&reason=&older_than=&after=&limit=, /api/v1/queue/ID,
/// /api/v1/trace?word=.
/// JSON; an error is {"error": sentence}. Times are ISO 8601, UTC.
[[nodiscard]] Routes api_routes(const Sources& sources);

/// All of the above and what changes something (order_routes.hpp, operator_routes.hpp): for the
/// admin socket alone.
[[nodiscard]] Routes admin_routes(const Sources& sources);

}  // namespace http
