#include "relay/http/stats_endpoint.hpp"

#include "api_fixture.hpp"
#include "command_fixture.hpp"
#include "relay/observe/feedback_metrics.hpp"

#include <boost/json/parse.hpp>
#include <doctest/doctest.h>

#include <array>
#include <string>

namespace json = boost::json;

namespace {

struct Fixture : ApiFixture {
  Ran run(std::vector<std::string> arguments) { return run_at(socket, std::move(arguments)); }

  /// Mail of the app `files`, as in an e-mail that bounced often.
  void send_some() {
    for (int i = 0; i < 5; ++i) metrics.accepted("files", "example.org");
    metrics.accepted("files", "example.com");
    for (int i = 0; i < 8; ++i) metrics.refused("files", policy::Reason::attachment);
    metrics.refused("files", policy::Reason::bulk);
    metrics.refused("shop", policy::Reason::bulk);
    auto& feedback = metrics.feedback();
    feedback.count("events_total", std::array<std::string, 2>{"files", "Delivery"}, 900);
    feedback.count("events_total", std::array<std::string, 2>{"files", "Send"}, 1000);
    for (const char* subtype : {"General", "NoEmail"})
      feedback.count("bounces_total",
                     std::array<std::string, 4>{"files", "example.org", "Permanent", subtype},
                     50);
    feedback.count(
        "complaints_total", std::array<std::string, 3>{"files", "example.org", "abuse"}, 3);
    const std::vector<policy::Counts> day{{600, 60, 1}, {600, 60, 2}};
    const std::vector<policy::Counts> rest{{400, 40, 2}, {400, 40, 1}};
    const std::vector<policy::Counts> none(2);
    store.summed = {{"files", "example.com", day, day},
                    {"files", "example.org", rest, none},
                    {"shop", "example.net", day, day}};
  }
};

}  // namespace

TEST_SUITE("relay/http/stats_endpoint") {
  TEST_CASE_FIXTURE(Fixture, "an app's counts are of all its domains, and of no other app") {
    send_some();
    add_app("shop");
    const Answered found = get_of("stats?app=files");
    REQUIRE(found.body.at("apps").as_array().size() == 1);
    const json::value& files = found.body.at("apps").at(0);
    CHECK(files.at("app").as_string() == "files");
    CHECK(files.at("started_at").as_string() == "2023-11-14T22:13:20.000Z");
    CHECK(files.at("accepted").as_int64() == 6);
    CHECK(files.at("refused") ==
          json::parse(R"([{"reason":"attachment","count":8},{"reason":"bulk","count":1}])"));
    CHECK(files.at("delivered").as_int64() == 900);
    CHECK(files.at("bounced").as_int64() == 100);
    CHECK(files.at("complained").as_int64() == 3);
    CHECK(get_of("stats").body.at("apps").as_array().size() == 2);
  }

  TEST_CASE_FIXTURE(Fixture,
                    "a measure has the raw share of the window, and what is proved of it") {
    send_some();
    const Answered found = get_of("stats?app=files");
    const json::array& measures = found.body.at("apps").at(0).at("measures").as_array();
    REQUIRE(measures.size() == 4);
    const json::value& bounces = measures[0];
    CHECK(bounces.at("feedback").as_string() == "bounces");
    CHECK(bounces.at("window").as_int64() == 86400);
    CHECK(bounces.at("sent").as_int64() == 1000);
    CHECK(bounces.at("events").as_int64() == 100);
    CHECK(bounces.at("ratio").as_double() == doctest::Approx(0.1));
    const auto judged =
        policy::measures({}, std::vector<policy::Counts>{{600, 60, 1}, {600, 60, 2}});
    CHECK(bounces.at("proved").as_double() == doctest::Approx(judged[0].proved));
    CHECK(bounces.at("limit").as_double() == doctest::Approx(0.05));
    CHECK(bounces.at("level").as_string() == policy::word(judged[0].level));
    CHECK(measures[1].at("feedback").as_string() == "complaints");
    CHECK(measures[1].at("events").as_int64() == 3);
    CHECK(measures[1].at("proved").as_double() == doctest::Approx(0));  // fewer than the minimum
    CHECK(measures[3].at("window").as_int64() == 30 * 86400);
    const json::array& domains = found.body.at("apps").at(0).at("domains").as_array();
    REQUIRE(domains.size() == 4);
    CHECK(domains[0] == json::parse(R"({"domain":"example.com","window":86400,"sent":600,)"
                                    R"("bounces":60,"bounce_ratio":0.1,"complaints":1,)"
                                    R"("complaint_ratio":0.0016666666666666668})"));
  }

  TEST_CASE_FIXTURE(Fixture, "an app's token sees its own counts alone") {
    add_app("shop");
    const std::string token = token_of("app", "shop");
    const Answered own = ask("GET", "/api/v1/stats", token);
    REQUIRE(own.body.at("apps").as_array().size() == 1);
    CHECK(own.body.at("apps").at(0).at("app").as_string() == "shop");
    CHECK(ask("GET", "/api/v1/stats?app=files", token).status == 404);
    CHECK(get_of("stats?app=absent").status == 404);
    CHECK(get_of("stats?colour=red").status == 400);
    store.summed = std::nullopt;
    CHECK(get_of("stats").status == 503);
  }

  TEST_CASE_FIXTURE(Fixture, "postern stats prints what was counted, since when, and the shares") {
    send_some();
    const auto lines = lines_of(run({"stats", "--app", "files"}).out);
    REQUIRE(lines.size() == 18);
    CHECK(lines[0] == "files");
    CHECK(lines[1] == "  since         2023-11-14 22:13:20, when the relay started");
    CHECK(lines[2] == "  accepted      6");
    CHECK(lines[3] == "  refused       9 (attachment 8, bulk 1)");
    CHECK(lines[5] == "  delivered     900");
    CHECK(lines[6] == "  bounced       100");
    CHECK(lines[7] == "  complained    3");
    CHECK(lines[9].starts_with("  1d      1000  bounces     100        10 %"));
    CHECK(lines[12].starts_with("  30d     1000  complaints  3          0.3 %"));
    CHECK(lines[14] == "  1d      example.com  600   60       10 %   1           0.167 %");
    CHECK(lines[17] == "  30d     example.org  400   40       10 %   1           0.25 %");
    const Ran as_json = run({"stats", "--json"});
    CHECK(lines_of(as_json.out).size() == 1);
    CHECK(json::parse(as_json.out).at("bounced").as_int64() == 100);
    CHECK(run({"stats", "--app", "absent"}).exit_code == 1);
  }
}
