#include "relay/http/routes.hpp"

#include "fake_store.hpp"
#include "running_server.hpp"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace std::chrono_literals;
namespace json = boost::json;

namespace {

struct Fixture {
  FakeStore store;
  observe::Metrics metrics{"1.2.3"};
  std::vector<std::string> troubles;
  http::Sources sources{
      .store = store,
      .metrics = metrics,
      .troubles = [this] { return troubles; },
      .refresh = [](observe::Metrics& shown) { shown.store_free(12345); },
      .store_timeout = 50ms,
      .hold_expire = [] { return 336h; },
  };
  RunningServer server;
  std::uint16_t port = server.listen(http::admin_routes(sources));

  json::value asked(const std::string& target) { return json::parse(body_of(get(port, target))); }

  std::vector<std::string> listed(const std::string& query) {
    std::vector<std::string> ids;
    const json::value answer = asked("/api/v1/queue" + query);
    for (const json::value& each : answer.at("entries").as_array())
      ids.emplace_back(each.at("id").as_string());
    return ids;
  }
};

std::string id(std::int64_t value) { return spool::QueueId(value).text(); }

}  // namespace

TEST_SUITE("relay/http/routes") {
  TEST_CASE_FIXTURE(Fixture, "healthz is ok as long as the process answers") {
    store.takes = false;
    troubles = {"The SMTP listener is closed."};
    CHECK(body_of(get(port, "/healthz")) == "ok\n");
  }

  TEST_CASE_FIXTURE(
      Fixture,
      "readyz is 200 only when the spool takes mail and nothing else is wrong, else it says why") {
    CHECK(status_of(get(port, "/readyz")) == "HTTP/1.1 200");
    store.takes = false;
    std::string response = get(port, "/readyz");
    CHECK(status_of(response) == "HTTP/1.1 503");
    CHECK(body_of(response).find("The spool cannot take mail") != std::string::npos);
    store.takes = true;
    server.on_thread([this] { troubles = {"The SMTP listener is closed."}; });
    response = get(port, "/readyz");
    CHECK(status_of(response) == "HTTP/1.1 503");
    CHECK(body_of(response) == "not ready\nThe SMTP listener is closed.\n");
  }

  TEST_CASE_FIXTURE(Fixture, "metrics are the text format, with the queue and what was refreshed") {
    store.counted.by_state = {7, 0, 0, 0, 0, 0};
    const std::string response = get(port, "/metrics");
    CHECK(response.find("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n") !=
          std::string::npos);
    CHECK(response.find("\npostern_queue_messages{state=\"queued\"} 7\n") != std::string::npos);
    CHECK(response.find("\npostern_store_free_bytes 12345\n") != std::string::npos);
    CHECK(response.ends_with("postern_internal_errors_total 0\n"));
  }

  TEST_CASE_FIXTURE(Fixture,
                    "with a silent store health and metrics still answer, the api says 503") {
    store.silent = true;
    CHECK(status_of(get(port, "/healthz")) == "HTTP/1.1 200");
    CHECK(status_of(get(port, "/readyz")) == "HTTP/1.1 200");
    CHECK(status_of(get(port, "/metrics")) == "HTTP/1.1 200");
    for (const std::string& target : {std::string("/api/v1/queue"),
                                      "/api/v1/queue/" + id(1),
                                      std::string("/api/v1/trace?word=x")}) {
      const std::string response = get(port, target);
      CHECK(status_of(response) == "HTTP/1.1 503");
      CHECK(json::parse(body_of(response)).at("error").is_string());
    }
  }

  TEST_CASE_FIXTURE(Fixture, "the queue is listed by each filter, and by pages") {
    store.entries = {entry(1), entry(2, spool::State::held), entry(3), entry(4)};
    store.entries[1].reason = policy::Reason::signing;
    store.entries[2].app = "blog";
    store.entries[3].domain = "example.net";
    CHECK(listed("") == std::vector<std::string>{id(1), id(2), id(3), id(4)});
    CHECK(listed("?state=held") == std::vector<std::string>{id(2)});
    CHECK(listed("?reason=signing") == std::vector<std::string>{id(2)});
    CHECK(listed("?app=blog") == std::vector<std::string>{id(3)});
    CHECK(listed("?domain=example.net") == std::vector<std::string>{id(4)});
    store.entries[0].accepted_at = std::chrono::system_clock::now() - 1h;
    for (std::size_t i : {1u, 2u, 3u}) store.entries[i].accepted_at += 1'000'000h;
    CHECK(listed("?older_than=3500") == std::vector<std::string>{id(1)});
    CHECK(listed("?older_than=3700").empty());
    CHECK(listed("?app=shop&state=queued&after=" + id(1)) == std::vector<std::string>{id(4)});
    CHECK(asked("/api/v1/queue?limit=4").at("next").as_string() == id(4));
    CHECK(asked("/api/v1/queue?limit=4&after=" + id(4)).at("next").is_null());
    CHECK(asked("/api/v1/queue?limit=5").at("next").is_null());
  }

  TEST_CASE_FIXTURE(Fixture, "a filter that is not known, or has a wrong value, is 400 and named") {
    for (const char* query : {"state=lost",
                              "state=",
                              "reason=because",
                              "limit=0",
                              "limit=1001",
                              "limit=1x",
                              "limit=-1",
                              "after=0",
                              "app=",
                              "older_than=0",
                              "older_than=315360001",
                              "older_than=2h",
                              "frob=1"}) {
      const std::string response = get(port, "/api/v1/queue?" + std::string(query));
      CAPTURE(query);
      CHECK(status_of(response) == "HTTP/1.1 400");
      CHECK(std::string(json::parse(body_of(response)).at("error").as_string()).find(query) !=
            std::string::npos);
    }
    CHECK(status_of(get(port, "/api/v1/queue?limit=1000")) == "HTTP/1.1 200");
  }

  TEST_CASE_FIXTURE(Fixture, "a message is shown with its timeline; another id is 404, no id 400") {
    policy::Event accepted;
    accepted.kind = policy::EventKind::accepted;
    accepted.at = entry(5).accepted_at;
    accepted.queue_id = id(5);
    store.traces = {{entry(5), {accepted}}};
    const json::value found = asked("/api/v1/queue/" + id(5));
    CHECK(found.at("entry").at("id").as_string() == id(5));
    CHECK(found.at("entry").at("deadline").is_null());
    CHECK(found.at("timeline").at(0).at("event").as_string() == "accepted");
    CHECK(found.at("timeline").at(0).at("at").as_string() == "2026-01-02T03:04:05.678Z");
    CHECK(status_of(get(port, "/api/v1/queue/" + id(6))) == "HTTP/1.1 404");
    CHECK(status_of(get(port, "/api/v1/queue/x")) == "HTTP/1.1 400");
    CHECK(status_of(get(port, "/api/v1/queue/")) == "HTTP/1.1 404");
  }

  TEST_CASE_FIXTURE(Fixture, "trace finds messages and refusals; nothing found is an empty list") {
    policy::Event refused;
    refused.kind = policy::EventKind::refused;
    refused.reference = "R1";
    refused.reason = policy::Reason::attachment;
    store.traces = {{std::nullopt, {refused}}, {entry(5), {}}};
    CHECK(asked("/api/v1/trace?word=%3C5%40example.com%3E")
              .at("matches")
              .at(0)
              .at("entry")
              .at("id")
              .as_string() == id(5));
    const json::value refusal = asked("/api/v1/trace?word=R1").at("matches").at(0);
    CHECK(refusal.at("entry").is_null());
    CHECK(refusal.at("timeline").at(0).at("reason").as_string() == "attachment");
    CHECK(asked("/api/v1/trace?word=nothing").at("matches").as_array().empty());
    CHECK(status_of(get(port, "/api/v1/trace")) == "HTTP/1.1 400");
  }

  TEST_CASE_FIXTURE(Fixture, "health and metrics alone serve nothing of the api") {
    http::Routes routes = http::health_routes(sources);
    routes.merge(http::metrics_routes(sources));
    const std::uint16_t open = server.listen(routes);
    for (const auto& [route_path, route] : http::admin_routes(sources)) {
      if (!route_path.starts_with("/api")) continue;
      std::string path = route_path;
      std::erase_if(path, [](char c) { return c == '{' || c == '}'; });
      CAPTURE(path);
      CHECK(status_of(get(open, path)) == "HTTP/1.1 404");
      CHECK(status_of(post(open, path, "{}")) == "HTTP/1.1 404");
    }
    CHECK(status_of(get(open, "/")) == "HTTP/1.1 404");
    CHECK(status_of(get(open, "/metrics")) == "HTTP/1.1 200");
  }

  TEST_CASE_FIXTURE(Fixture, "a path that says more goes before one that stands for any") {
    CHECK(status_of(get(port, "/api/v1/queue/drop")) == "HTTP/1.1 405");
    CHECK(status_of(post(port, "/api/v1/queue/" + id(1), "{}")) == "HTTP/1.1 405");
  }
}
