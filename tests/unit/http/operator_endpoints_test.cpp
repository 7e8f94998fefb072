#include "relay/http/operator_endpoints.hpp"

#include "fake_store.hpp"
#include "relay/http/gate.hpp"
#include "running_server.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <vector>

using namespace std::chrono_literals;
namespace json = boost::json;

namespace {

struct Fixture {
  FakeStore store;
  observe::Metrics metrics{"1.2.3"};
  std::function<void(std::function<void(bool)>)> drain;
  std::vector<std::string> mistakes;
  std::string asked_by;            ///< the reload
  std::vector<std::string> heard;  ///< of feedback
  bool hears = true;
  RunningServer server;
  std::uint16_t port = server.listen(http::for_the_socket(http::operator_endpoints({
      .store = store,
      .metrics = metrics,
      .troubles = {},
      .refresh = {},
      .store_timeout = 50ms,
      .long_timeout = 50ms,
      .hold_expire = {},
      .drain = [this](std::function<void(bool)> done) { drain(std::move(done)); },
      .reload = [this](std::string who) -> http::asio::awaitable<std::vector<std::string>> {
        asked_by = std::move(who);
        co_return mistakes;
      },
      .feedback =
          [this](spool::QueueId id,
                 const std::string& upstream_id,
                 const std::string& event,
                 const std::function<void(bool)>& done) {
            heard = {id.text(), upstream_id, event};
            if (hears) done(true);
          },
  })));

  std::string told(const std::string& target, const std::string& body) {
    return post(port, "/api/v1/" + target, body);
  }
};

std::string event(const std::string& id, const std::string& upstream_id, const std::string& kind) {
  return json::serialize(
      json::object{{"queue_id", id}, {"upstream_id", upstream_id}, {"event", kind}});
}

}  // namespace

TEST_SUITE("relay/http/operator_endpoints") {
  TEST_CASE_FIXTURE(Fixture, "drain answers as soon as it is drained, with what is left") {
    store.counted.by_state = {4, 3, 2, 1, 100, 100};
    drain = [](const std::function<void(bool)>& done) { done(true); };
    CHECK(body_of(told("drain", R"({"timeout":3600})")) ==
          R"({"drained":true,"queued":4,"in_delivery":3,"in_doubt":2,"held":1})"
          "\n");
    drain = [](const std::function<void(bool)>& done) { done(false); };
    CHECK(body_of(told("drain", R"({"timeout":3600})")).find("\"drained\":false") !=
          std::string::npos);
  }

  TEST_CASE_FIXTURE(Fixture, "a drain that does not end in its time says so, and may end later") {
    std::function<void(bool)> kept;
    drain = [&](std::function<void(bool)> done) { kept = std::move(done); };
    CHECK(body_of(told("drain", R"({"timeout":1})")).find("\"drained\":false") !=
          std::string::npos);
    server.on_thread([&] { kept(true); });
  }

  TEST_CASE_FIXTURE(Fixture, "drain, backup and a settled doubt are audited, or not done") {
    drain = [](const std::function<void(bool)>& done) { done(true); };
    const std::string id = spool::QueueId(7).text();
    struct Row {
      std::string target, body, what, of;
    };
    const Row rows[] = {{"drain", R"({"timeout":3600})", "drain", ""},
                        {"backup", R"({"file":"/var/spool.copy"})", "backup", "/var/spool.copy"},
                        {"feedback/event", event(id, "0100-abc", "Send"), "feedback event", id}};
    for (const Row& row : rows) {
      CAPTURE(row.target);
      told(row.target, row.body);
      const spool::AuditRecord record = store.audits().back();
      CHECK(record.who.starts_with("admin socket"));
      CHECK(record.what == row.what);
      CHECK(record.target == row.of);
    }
    drain = [](const std::function<void(bool)>&) { FAIL("asked to drain"); };
    server.on_thread([this] { heard.clear(); });
    store.takes = false;
    for (const Row& row : rows) CHECK(status_of(told(row.target, row.body)) == "HTTP/1.1 503");
    CHECK(store.backups().size() == 1);
    CHECK(server.on_thread([this] { return heard; }).empty());
    CHECK(store.audits().size() == std::size(rows));
  }

  TEST_CASE_FIXTURE(Fixture, "a reload is told who asked for it") {
    told("reload", "{}");
    CHECK(server.on_thread([this] { return asked_by; }).starts_with("admin socket"));
  }

  TEST_CASE_FIXTURE(Fixture, "reload tells every mistake") {
    CHECK(body_of(told("reload", "{}")) == "{\"reloaded\":true,\"mistakes\":[]}\n");
    server.on_thread([this] { mistakes = {"postern.yml:1:1: one", "postern.yml:2:1: two"}; });
    CHECK(body_of(told("reload", "{}")) ==
          R"({"reloaded":false,"mistakes":["postern.yml:1:1: one","postern.yml:2:1: two"]})"
          "\n");
  }

  TEST_CASE_FIXTURE(Fixture, "a backup is written where it is asked for, or 409 says why not") {
    CHECK(body_of(told("backup", R"({"file":"/var/backups/spool"})")) ==
          "{\"file\":\"/var/backups/spool\"}\n");
    CHECK(store.backups() == std::vector<std::filesystem::path>{"/var/backups/spool"});
    store.backup_fails = "The file exists: choose another.";
    const std::string refused = told("backup", R"({"file":"/var/backups/spool"})");
    CHECK(status_of(refused) == "HTTP/1.1 409");
    CHECK(body_of(refused) == "{\"error\":\"The file exists: choose another.\"}\n");
  }

  TEST_CASE_FIXTURE(Fixture, "an event of SES reaches the hook as it was told") {
    for (const char* kind : {"Send", "Delivery", "Rendering Failure", "DeliveryDelay"}) {
      const std::string id = spool::QueueId(7).text();
      CHECK(body_of(told("feedback/event", event(id, "0100-abc", kind))) == "{\"settled\":true}\n");
      CHECK(server.on_thread([this] { return heard; }) ==
            std::vector<std::string>{id, "0100-abc", kind});
    }
    server.on_thread([this] { hears = false; });
    CHECK(status_of(told("feedback/event", event(spool::QueueId(7).text(), "x", "Send"))) ==
          "HTTP/1.1 503");
  }

  TEST_CASE_FIXTURE(Fixture, "what is not well-formed is 400 and reaches nobody") {
    drain = [](const std::function<void(bool)>&) { FAIL("asked to drain"); };
    server.on_thread([this] { mistakes = {"never asked"}; });
    const std::string id = spool::QueueId(7).text();
    struct Row {
      std::string target, body;
    };
    const Row rows[] = {
        {"drain", "{}"},
        {"drain", R"({"timeout":0})"},
        {"drain", R"({"timeout":3601})"},
        {"drain", R"({"timeout":"25s"})"},
        {"drain", R"({"timeout":1,"fast":true})"},
        {"reload", ""},
        {"reload", R"({"file":"/etc/passwd"})"},
        {"backup", "{}"},
        {"backup", R"({"file":"copy"})"},
        {"backup", R"({"file":"/a\u0000b"})"},
        {"backup", R"({"file":")" + std::string(4097, '/') + R"("})"},
        {"feedback/event", "{}"},
        {"feedback/event", event("lost", "x", "Send")},
        {"feedback/event", event(id, "", "Send")},
        {"feedback/event", event(id, "a b", "Send")},
        {"feedback/event", event(id, "\xc3\xa4", "Send")},
        {"feedback/event", event(id, std::string(129, 'x'), "Send")},
        {"feedback/event", event(id, "x", "send")},
        {"feedback/event", R"({"queue_id":")" + id + R"(","upstream_id":"x","event":["Send"]})"},
        {"feedback/event",
         R"({"queue_id":")" + id + R"(","upstream_id":"x","event":"Send","app":"shop"})"},
    };
    for (const Row& row : rows) {
      CAPTURE(row.target);
      CAPTURE(row.body);
      const std::string response = told(row.target, row.body);
      CHECK(status_of(response) == "HTTP/1.1 400");
      CHECK(json::parse(body_of(response)).at("error").is_string());
    }
    CHECK(store.backups().empty());
    CHECK(server.on_thread([this] { return heard; }).empty());
  }

  TEST_CASE_FIXTURE(Fixture, "a spool that does not answer is 503") {
    drain = [](const std::function<void(bool)>& done) { done(true); };
    store.silent = true;
    CHECK(status_of(told("drain", R"({"timeout":1})")) == "HTTP/1.1 503");
    CHECK(status_of(told("backup", R"({"file":"/copy"})")) == "HTTP/1.1 503");
  }
}
