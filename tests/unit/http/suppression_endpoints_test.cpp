#include "relay/http/suppression_endpoints.hpp"

#include "api_fixture.hpp"
#include "relay/http/bounds.hpp"

#include <doctest/doctest.h>

#include <string>

namespace json = boost::json;

namespace {

std::string import_of(const std::string& entries) {
  return R"({"app":"files","entries":[)" + entries + "]}";
}

std::string text(const Answered& answer, const char* member) {
  const json::value& value = answer.body.at("suppressions").at(0).at(member);
  return value.is_null() ? "null" : std::string(value.as_string());
}

}  // namespace

TEST_SUITE("relay/http/suppression_endpoints") {
  TEST_CASE_FIXTURE(ApiFixture, "an imported address has the cause and times that it came with") {
    const Answered imported = told(
        "suppressions/import",
        import_of(R"({"address":"Bob@Example.NET","cause":"complaint",)"
                  R"("since":"2026-01-02T03:04:05.678Z","until":"2099-01-01T00:00:00.001Z"})"));
    CHECK(imported.status == 200);
    CHECK(imported.body.at("changed").as_int64() == 1);
    const Answered listed = get_of("suppressions?app=files");
    CHECK(text(listed, "address") == "bob@example.net");
    CHECK(text(listed, "cause") == "complaint");
    CHECK(text(listed, "since") == "2026-01-02T03:04:05.678Z");
    CHECK(text(listed, "until") == "2099-01-01T00:00:00.001Z");
  }

  TEST_CASE_FIXTURE(ApiFixture, "an imported address without more is suppressed until removed") {
    REQUIRE(told("suppressions/import", import_of(R"({"address":"bob@example.net"})")).status ==
            200);
    const Answered listed = get_of("suppressions");
    CHECK(text(listed, "cause") == "imported");
    CHECK(text(listed, "since") == "2027-01-15T08:00:00.000Z");
    CHECK(text(listed, "until") == "null");
  }

  TEST_CASE_FIXTURE(ApiFixture, "an import shortens nothing that stands, and twice is once") {
    const std::string whole = import_of(R"({"address":"bob@example.net","cause":"complaint"})");
    REQUIRE(told("suppressions/import", whole).status == 200);
    const std::string before = get_of("suppressions").text;
    REQUIRE(told("suppressions/import",
                 import_of(R"({"address":"bob@example.net","until":"2028-01-01T00:00:00Z"})"))
                .status == 200);
    REQUIRE(told("suppressions/import", whole).status == 200);
    CHECK(get_of("suppressions").text == before);
  }

  TEST_CASE_FIXTURE(ApiFixture, "what cannot be imported is 400, and then nothing is") {
    for (const std::string entries : {"",
                                      R"({"address":"nobody"})",
                                      R"({"cause":"bounce"})",
                                      R"({"address":"a@example.net","cause":"spam"})",
                                      R"({"address":"a@example.net","since":"yesterday"})",
                                      R"({"address":"a@example.net","until":"1999"})",
                                      R"({"address":"a@example.net","colour":"red"})",
                                      R"({"address":"a@example.net"},7)"}) {
      CAPTURE(entries);
      CHECK(told("suppressions/import", import_of(entries)).status == 400);
    }
    CHECK(told("suppressions/import", R"({"app":"absent","entries":[{"address":"a@example.net"}]})")
              .status == 400);
    std::string many = R"({"address":"a@b.example"})";
    for (std::size_t i = 1; i < http::most_imported; ++i) many += R"(,{"address":"a@b.example"})";
    CHECK(told("suppressions/import", import_of(many + R"(,{"address":"a@b.example"})")).status ==
          400);
    CHECK(store.suppress_calls() == 0);
    CHECK(told("suppressions/import", import_of(many)).body.at("changed").as_int64() ==
          static_cast<std::int64_t>(http::most_imported));
  }

  TEST_CASE_FIXTURE(ApiFixture,
                    "a removal asks SES only where it is told to, and says what is left") {
    REQUIRE(told("suppressions", R"({"app":"files","addresses":["a@example.net","b@example.net"]})")
                .status == 200);
    const std::string one = R"({"app":"files","addresses":["a@example.net"]})";
    CHECK(told("suppressions/remove", one).body.at("left_at_ses").as_array().empty());
    CHECK(asked_of_ses.empty());
    const std::string also = R"({"app":"files","addresses":["B@example.net"],"also_ses":true})";
    CHECK(told("suppressions/remove", also).body.at("left_at_ses").as_array().empty());
    CHECK(asked_of_ses == std::vector<std::string>{"b@example.net"});
    CHECK(get_of("suppressions").body.at("suppressions").as_array().empty());
    ses_refuses = "Allow ses:DeleteSuppressedDestination.";
    const Answered refused = told("suppressions/remove", also);
    CHECK(refused.status == 200);
    const json::value& left = refused.body.at("left_at_ses").at(0);
    CHECK(left.at("address").as_string() == "b@example.net");
    CHECK(left.at("why").as_string() == ses_refuses);
  }

  TEST_CASE_FIXTURE(ApiFixture, "SES is asked for so many at once and no more") {
    std::string addresses = R"("a@example.net")";
    for (std::size_t i = 1; i < http::most_asked_of_ses; ++i) addresses += R"(,"a@example.net")";
    const auto remove = [&](const std::string& named, const char* more) {
      return told("suppressions/remove",
                  R"({"app":"files","addresses":[)" + named + "]" + more + "}")
          .status;
    };
    CHECK(remove(addresses, R"(,"also_ses":true)") == 200);
    CHECK(remove(addresses + R"(,"b@example.net")", R"(,"also_ses":true)") == 400);
    CHECK(remove(addresses + R"(,"b@example.net")", "") == 200);
  }

  TEST_CASE_FIXTURE(ApiFixture, "a store that cannot write is 503, and SES is not asked") {
    store.takes = false;
    CHECK(told("suppressions/remove",
               R"({"app":"files","addresses":["a@example.net"],"also_ses":true})")
              .status == 503);
    CHECK(told("suppressions/import", import_of(R"({"address":"a@example.net"})")).status == 503);
    CHECK(asked_of_ses.empty());
  }

  TEST_CASE_FIXTURE(ApiFixture, "an app's token sees its own addresses and changes none") {
    add_app("shop");
    REQUIRE(told("suppressions", R"({"app":"files","addresses":["a@example.net"]})").status == 200);
    const std::string token = token_of("app", "shop");
    CHECK(ask("GET", "/api/v1/suppressions", token).body.at("suppressions").as_array().empty());
    for (const char* target : {"suppressions", "suppressions/import", "suppressions/remove"}) {
      CAPTURE(target);
      CHECK(ask("POST", std::string("/api/v1/") + target, token, "{}").status == 403);
    }
  }
}
