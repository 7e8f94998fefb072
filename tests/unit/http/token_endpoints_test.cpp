#include "relay/http/token_endpoints.hpp"

#include "api_fixture.hpp"

#include <doctest/doctest.h>

#include <string>

namespace json = boost::json;

TEST_SUITE("relay/http/token_endpoints") {
  TEST_CASE_FIXTURE(ApiFixture, "a token is made for a role, and its secret shown once") {
    const Answered made = told("tokens", R"({"role":"app","app":"files"})");
    CHECK(made.status == 201);
    const std::string secret(made.body.at("secret").as_string());
    CHECK(made.body.at("token").at("role").as_string() == "app");
    CHECK(made.body.at("token").at("app").as_string() == "files");
    CHECK(made.body.at("token").at("made_by").as_string() == "admin token");
    CHECK(registry->authenticate(secret)->app == "files");
    const Answered listed = get_of("tokens");
    CHECK(listed.body.at("tokens").at(0) == made.body.at("token"));
    CHECK(listed.text.find(secret) == std::string::npos);
  }

  TEST_CASE_FIXTURE(ApiFixture, "a role that is none, or does not fit the app, is 400") {
    for (const char* body : {"{}",
                             R"({"role":"root"})",
                             R"({"role":"app"})",
                             R"({"role":"read","app":"files"})",
                             R"({"role":"admin","app":"files"})",
                             R"({"role":"read","colour":"red"})"}) {
      CAPTURE(body);
      CHECK(told("tokens", body).status == 400);
    }
    CHECK(told("tokens", R"({"role":"app","app":"absent"})").status == 404);
    CHECK(get_of("tokens?colour=red").status == 400);
    CHECK(get_of("tokens").body.at("tokens").as_array().empty());
  }

  TEST_CASE_FIXTURE(ApiFixture, "a token is taken back once") {
    const Answered made = told("tokens", R"({"role":"admin"})");
    const std::string id(made.body.at("token").at("id").as_string());
    CHECK(removed("tokens/" + id).body.at("removed").as_string() == id);
    CHECK(removed("tokens/" + id).status == 404);
    CHECK(!registry->authenticate(made.body.at("secret").as_string()));
  }

  TEST_CASE_FIXTURE(ApiFixture, "the audit trail says who changed what, newest first, by pages") {
    add_app("shop");
    REQUIRE(told("apps/shop/block", R"({"why":"spam"})").status == 200);
    REQUIRE(told("apps/shop/unblock").status == 200);
    const Answered all = get_of("audit?target=shop");
    REQUIRE(all.body.at("records").as_array().size() == 3);
    const json::value& newest = all.body.at("records").at(0);
    CHECK(newest.at("what").as_string() == "app unblock");
    CHECK(newest.at("who").as_string() == "admin token");
    CHECK(newest.at("target").as_string() == "shop");
    CHECK(newest.at("at").is_string());
    CHECK(all.body.at("records").at(1).at("detail").as_string() == "spam");
    const Answered page = get_of("audit?target=shop&limit=2");
    REQUIRE(page.body.at("next").is_int64());
    const Answered rest =
        get_of("audit?target=shop&before=" + json::serialize(page.body.at("next")));
    CHECK(rest.body.at("records").as_array().size() == 1);
    CHECK(rest.body.at("next").is_null());
    CHECK(get_of("audit?target=absent").body.at("records").as_array().empty());
    for (const char* query :
         {"before=0", "before=x", "limit=0", "limit=1001", "target=", "what=x"}) {
      CAPTURE(query);
      CHECK(get_of("audit?" + std::string(query)).status == 400);
    }
  }

  TEST_CASE_FIXTURE(ApiFixture, "with a silent store the trail is 503") {
    store.silent = true;
    CHECK(get_of("audit").status == 503);
  }
}
