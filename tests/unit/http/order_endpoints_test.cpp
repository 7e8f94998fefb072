#include "relay/http/order_endpoints.hpp"

#include "fake_store.hpp"
#include "relay/http/bounds.hpp"
#include "relay/http/gate.hpp"
#include "running_server.hpp"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
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
  RunningServer server;
  std::uint16_t port = server.listen(http::for_the_socket(http::order_endpoints({
      .store = store,
      .metrics = metrics,
      .troubles = {},
      .refresh = {},
      .store_timeout = 50ms,
      .long_timeout = 50ms,
      .hold_expire = [] { return 48h; },
      .order =
          [this](spool::Order order, std::function<void(spool::Ordered)> done) {
            store.order(std::move(order), std::move(done));
          },
  })));

  std::string told(const std::string& operation, const std::string& body) {
    return post(port, "/api/v1/queue/" + operation, body);
  }
  json::value done(const std::string& operation, const std::string& body) {
    return json::parse(body_of(told(operation, body)));
  }
};

std::string quoted(std::int64_t id) { return "\"" + spool::QueueId(id).text() + "\""; }

}  // namespace

TEST_SUITE("relay/http/order_endpoints") {
  TEST_CASE_FIXTURE(Fixture, "each operation is ordered at its path, with all that it needs") {
    struct Row {
      const char* path;
      spool::Operation operation;
    };
    const Row rows[] = {{"retry", spool::Operation::retry},
                        {"hold", spool::Operation::hold},
                        {"release", spool::Operation::release},
                        {"drop", spool::Operation::drop}};
    const auto before = std::chrono::system_clock::now();
    for (const Row& row : rows) {
      CHECK(status_of(told(row.path, R"({"all":true})")) == "HTTP/1.1 200");
      const spool::Order order = store.orders().back();
      CHECK(order.operation == row.operation);
      CHECK(order.reason == policy::Reason::by_hand);
      CHECK(order.now >= before);
      CHECK(order.until == order.now + 48h);
      CHECK(!order.dry_run);
      CHECK(!order.detail.empty());
    }
  }

  TEST_CASE_FIXTURE(Fixture, "the filters reach the spool together, as one order") {
    const auto before = std::chrono::system_clock::now();
    told("drop",
         R"({"app":"shop","domain":"example.com","reason":"signing","state":"held",)"
         R"("older_than":3600,"dry_run":true})");
    REQUIRE(store.orders().size() == 1);
    const spool::Order order = store.orders().front();
    CHECK(!order.which.id);
    CHECK(order.which.app == "shop");
    CHECK(order.which.domain == "example.com");
    CHECK(order.which.reason == policy::Reason::signing);
    CHECK(order.which.state == spool::State::held);
    REQUIRE(order.which.accepted_before);
    CHECK(*order.which.accepted_before >= before - 1h);
    CHECK(*order.which.accepted_before <= std::chrono::system_clock::now() - 1h);
    CHECK(order.dry_run);
  }

  TEST_CASE_FIXTURE(Fixture, "an order is in the audit trail, who gave it and for which messages") {
    const std::string first = spool::QueueId(1).text(), second = spool::QueueId(2).text();
    struct Row {
      std::string operation, body, target, detail;
    };
    const Row rows[] = {
        {"drop", R"({"all":true})", "", "all"},
        {"retry", "{\"ids\":[" + quoted(1) + "]}", first, "id " + first},
        {"hold",
         "{\"ids\":[" + quoted(1) + "," + quoted(2) + "]}",
         "",
         "id " + first + ", id " + second},
        {"release",
         R"({"app":"shop","domain":"example.com","reason":"signing","state":"held"})",
         "shop",
         "app shop, domain example.com, reason signing, state held"},
    };
    for (const Row& row : rows) {
      CAPTURE(row.operation);
      told(row.operation, row.body);
      const spool::AuditRecord record = store.audits().back();
      CHECK(record.who.starts_with("admin socket"));
      CHECK(record.what == "queue " + row.operation);
      CHECK(record.target == row.target);
      CHECK(record.detail == row.detail);
    }
    CHECK(store.audits().size() == std::size(rows));
    told("drop", R"({"older_than":60})");
    CHECK(store.audits().back().detail.starts_with("older than 20"));
  }

  TEST_CASE_FIXTURE(Fixture, "what only asks, or is refused, is in no audit trail") {
    told("drop", R"({"all":true,"dry_run":true})");
    told("drop", "{}");
    CHECK(store.orders().size() == 1);
    CHECK(store.audits().empty());
  }

  TEST_CASE_FIXTURE(Fixture, "an order that cannot be written down is not carried out") {
    store.takes = false;
    CHECK(status_of(told("drop", R"({"all":true})")) == "HTTP/1.1 503");
    CHECK(store.orders().empty());
  }

  TEST_CASE_FIXTURE(Fixture,
                    "a domain is meant in either form, and one that is none fits nothing") {
    told("hold", R"({"domain":"BÜCHER.example"})");
    told("hold", R"({"domain":"no such name"})");
    REQUIRE(store.orders().size() == 2);
    CHECK(store.orders()[0].which.domain == "xn--bcher-kva.example");
    CHECK(store.orders()[1].which.domain == "no such name");
  }

  TEST_CASE_FIXTURE(Fixture, "the outcome is told whole") {
    store.ordered = {.matched = 4, .superseded = 1, .complete = false};
    CHECK(json::serialize(done("release", R"({"reason":"restored"})")) ==
          R"({"dry_run":false,"matched":4,"superseded":1,"complete":false,"left_alone":[]})");
  }

  TEST_CASE_FIXTURE(Fixture, "queue ids are an order each, and counted together") {
    store.ordered = {.matched = 1, .superseded = 0, .complete = true};
    CHECK(json::serialize(done("release", "{\"ids\":[" + quoted(1) + "," + quoted(2) + "]}")) ==
          R"({"dry_run":false,"matched":2,"superseded":0,"complete":true,"left_alone":[]})");
    REQUIRE(store.orders().size() == 2);
    CHECK(store.orders()[0].which.id == spool::QueueId(1));
    CHECK(store.orders()[1].which.id == spool::QueueId(2));
  }

  TEST_CASE_FIXTURE(Fixture, "ids that it was not done to are named with their state, if any") {
    store.entries = {entry(1, spool::State::sent)};
    CHECK(json::serialize(done("release", "{\"ids\":[" + quoted(1) + "," + quoted(9) + "]}")) ==
          R"({"dry_run":false,"matched":0,"superseded":0,"complete":true,"left_alone":[{"id":)" +
              quoted(1) + R"(,"state":"sent"},{"id":)" + quoted(9) + R"(,"state":null}]})");
  }

  TEST_CASE_FIXTURE(Fixture, "a spool that fails on the way is not asked for the ids after") {
    store.entries = {entry(1), entry(2)};
    store.ordered = {.matched = 0, .superseded = 0, .complete = false};
    const json::value outcome = done("drop", "{\"ids\":[" + quoted(1) + "," + quoted(2) + "]}");
    CHECK(!outcome.at("complete").as_bool());
    CHECK(outcome.at("left_alone").as_array().empty());
    CHECK(store.orders().size() == 1);
  }

  TEST_CASE_FIXTURE(Fixture, "what does not say exactly which messages, or is not known, is 400") {
    std::string ids = quoted(1);
    for (std::size_t i = 1; i < http::most_ordered_ids; ++i) ids += "," + quoted(1);
    for (const std::string& body : {std::string("{}"),
                                    std::string(R"({"dry_run":true})"),
                                    std::string(R"({"all":false})"),
                                    std::string(R"({"all":true,"app":"shop"})"),
                                    "{\"all\":true,\"ids\":[" + quoted(1) + "]}",
                                    "{\"app\":\"shop\",\"ids\":[" + quoted(1) + "]}",
                                    std::string(R"({"ids":[]})"),
                                    std::string(R"({"ids":["lost"]})"),
                                    std::string(R"({"app":""})"),
                                    std::string(R"({"app":1})"),
                                    std::string(R"({"reason":"because"})"),
                                    std::string(R"({"state":"lost"})"),
                                    std::string(R"({"older_than":-1})"),
                                    std::string(R"({"older_than":315360001})"),
                                    std::string(R"({"all":true,"after":"0000000000001"})"),
                                    std::string("all"),
                                    std::string()}) {
      CAPTURE(body);
      const std::string response = told("drop", body);
      CHECK(status_of(response) == "HTTP/1.1 400");
      CHECK(json::parse(body_of(response)).at("error").is_string());
    }
    CHECK(status_of(told("drop", "{\"ids\":[" + ids + "," + quoted(1) + "]}")) == "HTTP/1.1 400");
    CHECK(store.orders().empty());
    store.entries = {entry(1)};
    store.ordered.matched = 1;
    const json::value most = done("drop", "{\"ids\":[" + ids + "]}");
    CHECK(most.at("matched").to_number<std::size_t>() == http::most_ordered_ids);
  }

  TEST_CASE_FIXTURE(Fixture, "a spool that does not answer is 503") {
    store.silent = true;
    CHECK(status_of(told("drop", R"({"all":true})")) == "HTTP/1.1 503");
    CHECK(status_of(told("drop", "{\"ids\":[" + quoted(1) + "]}")) == "HTTP/1.1 503");
  }
}
