#include "relay/http/routes.hpp"

#include "relay/http/app_endpoints.hpp"
#include "relay/net/ask.hpp"
#include "relay/http/doctor_endpoints.hpp"
#include "relay/http/domain_endpoints.hpp"
#include "relay/http/gate.hpp"
#include "relay/http/openapi.hpp"
#include "relay/http/operator_endpoints.hpp"
#include "relay/http/order_endpoints.hpp"
#include "relay/http/queue_endpoints.hpp"
#include "relay/http/stats_endpoint.hpp"
#include "relay/http/suppression_endpoints.hpp"
#include "relay/http/token_endpoints.hpp"

#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace http {

namespace {

asio::awaitable<Response> healthz(Request) { co_return Response{.body = "ok\n"}; }

asio::awaitable<Response> readyz(Sources sources, Request) {
  std::vector<std::string> troubles = sources.troubles();
  if (!sources.store.writable()) {
    troubles.emplace_back(
        "The spool cannot take mail: its disk is full or fails, or too much waits to be written.");
  }
  Response response{.body = "ready\n"};
  if (!troubles.empty()) {
    response.status = 503;
    response.body = "not ready\n";
    for (const std::string& trouble : troubles) response.body += trouble + "\n";
  }
  co_return response;
}

asio::awaitable<Response> metrics(Sources sources, Request) {
  auto question = [&sources](std::function<void(spool::Counts)> answer) {
    sources.store.counts(std::move(answer));
  };
  const auto counts = co_await net::ask<spool::Counts>(question, sources.store_timeout);
  if (counts) sources.metrics.queue(*counts, std::chrono::system_clock::now());
  sources.refresh(sources.metrics);
  Response response{.content_type = "text/plain; version=0.0.4; charset=utf-8",
                    .body = sources.metrics.text()};
  co_return response;
}

// The whole API.
Endpoints endpoints(const Sources& sources) {
  Endpoints all = app_endpoints(sources);
  all.merge(domain_endpoints(sources));
  all.merge(token_endpoints(sources));
  all.merge(suppression_endpoints(sources));
  all.merge(stats_endpoint(sources));
  all.merge(queue_endpoints(sources));
  all.merge(order_endpoints(sources));
  all.merge(operator_endpoints(sources));
  all.merge(doctor_endpoints(sources));
  all.merge(openapi_endpoint());
  return all;
}

// A handler of a coroutine that takes the sources first.
template <class Coroutine>
Handler bound(const Sources& sources, Coroutine coroutine) {
  return [sources, coroutine](Request request) { return coroutine(sources, std::move(request)); };
}

}  // namespace

Routes health_routes(const Sources& sources) {
  return {{"/healthz", {.get = healthz}}, {"/readyz", {.get = bound(sources, readyz)}}};
}

Routes metrics_routes(const Sources& sources) {
  return {{"/metrics", {.get = bound(sources, metrics)}}};
}

Routes api_routes(const Sources& sources) { return behind_tokens(sources, endpoints(sources)); }

Routes admin_routes(const Sources& sources) {
  Routes all = for_the_socket(endpoints(sources));
  all.merge(health_routes(sources));
  all.merge(metrics_routes(sources));
  return all;
}

}  // namespace http
