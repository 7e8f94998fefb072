#include "relay/http/app_endpoints.hpp"

#include "api_fixture.hpp"
#include "relay/net/directory.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace json = boost::json;

namespace {

std::vector<std::string> names_of(const Answered& list, const char* members) {
  std::vector<std::string> names;
  for (const json::value& each : list.body.at(members).as_array())
    names.emplace_back(each.at("name").as_string());
  return names;
}

}  // namespace

TEST_SUITE("relay/http/app_endpoints") {
  TEST_CASE_FIXTURE(ApiFixture, "an app is added with all that is said of it, its password once") {
    add_domain("example.net", "files");
    const Answered made = told("apps",
                               R"({"name":"shop","contact":"web@example.com","weight":7,)"
                               R"("configuration_set":"drupal","domains":["Example.NET"],)"
                               R"("limits":{"message_size":2048,"queued_messages":9}})");
    CHECK(made.status == 201);
    const std::string password(made.body.at("password").as_string());
    CHECK(net::Credential::parse(registry->catalog()->credentials.at("shop"))->matches(password));
    CHECK(json::serialize(made.body.at("submission")) ==
          R"({"host":"relay.example","port":587,"encryption":"starttls"})");
    const Answered shown = get_of("apps/shop");
    CHECK(shown.text.find(password) == std::string::npos);
    CHECK(shown.body.at("contact").as_string() == "web@example.com");
    CHECK(shown.body.at("weight").as_int64() == 7);
    CHECK(shown.body.at("configuration_set").as_string() == "drupal");
    CHECK(shown.body.at("has_password").as_bool());
    CHECK(!shown.body.at("provisioned").as_bool());
    CHECK(
        json::serialize(shown.body.at("limits")) ==
        R"({"recipients_per_message":50,"message_size":2048,"queued_messages":9,"queued_bytes":null})");
    CHECK(json::serialize(shown.body.at("domains")) ==
          R"([{"name":"example.net","status":"pending"}])");
  }

  TEST_CASE_FIXTURE(ApiFixture,
                    "where every listener is bound to an app there is nothing to type") {
    server.on_thread([this] { submission.reset(); });
    CHECK(told("apps", R"({"name":"shop"})").body.at("submission").is_null());
  }

  TEST_CASE_FIXTURE(ApiFixture, "apps are listed by pages") {
    for (const char* name : {"a", "b", "shop"}) add_app(name);
    CHECK(names_of(get_of("apps"), "apps") == std::vector<std::string>{"a", "b", "files", "shop"});
    const Answered first = get_of("apps?limit=3");
    CHECK(names_of(first, "apps") == std::vector<std::string>{"a", "b", "files"});
    CHECK(first.body.at("next").as_string() == "files");
    const Answered last = get_of("apps?limit=3&after=files");
    CHECK(names_of(last, "apps") == std::vector<std::string>{"shop"});
    CHECK(last.body.at("next").is_null());
    CHECK(get_of("apps?limit=4").body.at("next").is_null());
  }

  TEST_CASE_FIXTURE(ApiFixture, "what is no app, or asks for what cannot be, is 400") {
    const std::string longest(63, 'a');
    for (const std::string& body : {std::string("{}"),
                                    std::string(R"({"name":""})"),
                                    std::string(R"({"name":"Shop"})"),
                                    R"({"name":"a)" + longest + R"("})",
                                    std::string(R"({"name":7})"),
                                    std::string(R"({"name":"shop","colour":"red"})"),
                                    std::string(R"({"name":"shop","weight":0})"),
                                    std::string(R"({"name":"shop","weight":1001})"),
                                    std::string(R"({"name":"shop","contact":"nobody"})"),
                                    std::string(R"({"name":"shop","limits":[]})"),
                                    std::string(R"({"name":"shop","limits":{"per_cent":1}})"),
                                    std::string(R"({"name":"shop","limits":{"message_size":0}})"),
                                    std::string("no object")}) {
      CAPTURE(body);
      const Answered refusal = told("apps", body);
      CHECK(refusal.status == 400);
      CHECK(!refusal.error().empty());
    }
    CHECK(told("apps", R"({"name":")" + longest + R"("})").status == 201);
    CHECK(told("apps", R"({"name":"shop","domains":["example.test"]})").status == 404);
    CHECK(told("apps", std::string(65 * 1024, ' ')).status == 413);
    for (const char* query : {"limit=0", "limit=1001", "after=", "colour=red"})
      CHECK(get_of("apps?" + std::string(query)).status == 400);
  }

  TEST_CASE_FIXTURE(ApiFixture,
                    "an upstream that there is not is refused with those that there are") {
    const Answered refusal = told("apps", R"({"name":"shop","upstream":"third"})");
    CHECK(refusal.status == 400);
    CHECK(refusal.error() ==
          "There is no upstream named third: the configuration has ses, second.");
    CHECK(get_of("apps/shop").status == 404);
    CHECK(told("apps", R"({"name":"shop","upstream":"second"})").status == 201);
  }

  TEST_CASE_FIXTURE(ApiFixture, "a limit whose feature has not landed is refused as such") {
    for (const std::string name : {"per_minute", "per_hour", "per_day"}) {
      CAPTURE(name);
      const Answered refusal = told("apps", R"({"name":"shop","limits":{")" + name + R"(":60}})");
      CHECK(refusal.status == 400);
      CHECK(refusal.error() ==
            "The feature behind `" + name + "` has not landed yet: leave it out.");
    }
  }

  TEST_CASE_FIXTURE(ApiFixture, "a new app does not come by the mail of a former one") {
    store.loaded = {.messages = 3, .octets = 12288};
    const Answered refusal = told("apps", R"({"name":"shop"})");
    CHECK(refusal.status == 409);
    CHECK(refusal.error().find("postern queue drop --app shop") != std::string::npos);
    CHECK(told("apps", R"({"name":"files"})").error() == "There is an app named files.");
    store.loaded = {};
    CHECK(told("apps", R"({"name":"shop"})").status == 201);
  }

  TEST_CASE_FIXTURE(ApiFixture, "a name that is taken is 409, one that is not there 404") {
    add_app("shop");
    CHECK(told("apps", R"({"name":"shop"})").status == 409);
    CHECK(told("apps", R"({"name":"files"})").status == 409);
    CHECK(get_of("apps/absent").status == 404);
    CHECK(told("apps/absent/block", R"({"why":"spam"})").status == 404);
    CHECK(told("apps/absent/unblock").status == 404);
    CHECK(told("apps/absent/rotate-password").status == 404);
    CHECK(removed("apps/absent").status == 404);
  }

  TEST_CASE_FIXTURE(ApiFixture, "an app is blocked with a reason, and opened again") {
    const Answered blocked = told("apps/files/block", R"({"why":"spam"})");
    CHECK(blocked.status == 200);
    CHECK(blocked.body.at("blocked").as_bool());
    CHECK(get_of("apps/files").body.at("blocked_why").as_string() == "spam");
    const Answered open = told("apps/files/unblock");
    CHECK(!open.body.at("blocked").as_bool());
    CHECK(open.body.at("blocked_why").is_null());
    for (const std::string& body :
         {std::string("{}"), R"({"why":")" + std::string(501, 'w') + R"("})"})
      CHECK(told("apps/files/block", body).status == 400);
    CHECK(told("apps/files/block", R"({"why":")" + std::string(500, 'w') + R"("})").status == 200);
  }

  TEST_CASE_FIXTURE(ApiFixture,
                    "an operator decides how far an app may mail, for a time, and frees it") {
    const Answered decided =
        told("apps/files/override", R"({"state":"restricted","seconds":3600,"reason":"a list"})");
    CHECK(decided.status == 200);
    CHECK(!decided.body.at("blocked").as_bool());
    const json::object standing = decided.body.at("standing").as_object();
    CHECK(standing.at("state").as_string() == "restricted");
    CHECK(standing.at("by_hand").as_bool());
    CHECK(standing.at("why").as_string() == "a list");
    CHECK(standing.at("until").is_string());
    const Answered free = told("apps/files/release");
    CHECK(free.body.at("standing").at("state").as_string() == "probation");
    CHECK(free.body.at("standing").at("until").is_null());
    for (const char* body : {R"({"state":"restricted"})",
                             R"({"reason":"a list"})",
                             R"({"state":"warned","reason":"a list"})",
                             R"({"state":"normal","reason":"a list","seconds":0})",
                             R"({"state":"normal","reason":"a list","seconds":31536001})"}) {
      CAPTURE(body);
      CHECK(told("apps/files/override", body).status == 400);
    }
    CHECK(told("apps/absent/override", R"({"state":"normal","reason":"a list"})").status == 404);
    CHECK(told("apps/absent/release").status == 404);
  }

  TEST_CASE_FIXTURE(ApiFixture, "a new password takes the place of the old one") {
    add_app("shop");
    const Answered made = told("apps/shop/rotate-password");
    CHECK(made.status == 200);
    const std::string password(made.body.at("password").as_string());
    CHECK(net::Credential::parse(registry->catalog()->credentials.at("shop"))->matches(password));
  }

  TEST_CASE_FIXTURE(ApiFixture, "what stands in the configuration file is changed there alone") {
    for (const Answered& refusal : {told("apps/files/rotate-password"), removed("apps/files")}) {
      CHECK(refusal.status == 409);
      CHECK(refusal.error().find("configuration file") != std::string::npos);
    }
  }

  TEST_CASE_FIXTURE(ApiFixture, "an app with mail in the queue is not removed") {
    add_app("shop");
    store.loaded = {.messages = 3, .octets = 12288};
    const Answered refusal = removed("apps/shop");
    CHECK(refusal.status == 409);
    CHECK(refusal.error().find("postern queue drop --app shop") != std::string::npos);
    store.loaded = {};
    CHECK(removed("apps/shop").body.at("removed").as_string() == "shop");
    CHECK(get_of("apps/shop").status == 404);
  }

  TEST_CASE_FIXTURE(ApiFixture, "an unchanged app is not sent again") {
    add_app("shop");
    const std::string tag = get_of("apps/shop").field("ETag");
    CHECK(tag.starts_with("\"1-"));
    for (const std::string& has : {tag, "W/" + tag, "\"x\", " + tag, std::string("*")}) {
      CAPTURE(has);
      const Answered unchanged = get_of("apps/shop", "If-None-Match: " + has + "\r\n");
      CHECK(unchanged.status == 304);
      CHECK(unchanged.text.empty());
      CHECK(unchanged.field("ETag") == tag);
    }
    store.loaded = {.messages = 1, .octets = 1};
    const Answered changed = get_of("apps/shop", "If-None-Match: " + tag + "\r\n");
    CHECK(changed.status == 200);
    CHECK(changed.field("ETag") != tag);
  }

  TEST_CASE_FIXTURE(ApiFixture, "a change is made only to the version that was seen") {
    add_app("shop");
    const std::string seen = "If-Match: " + get_of("apps/shop").field("ETag") + "\r\n";
    CHECK(told("apps/shop/rotate-password", "{}", seen).status == 200);
    const Answered late = told("apps/shop/rotate-password", "{}", seen);
    CHECK(late.status == 412);
    CHECK(!late.error().empty());
    CHECK(removed("apps/shop", seen).status == 412);
    CHECK(told("apps/shop/block", R"({"why":"spam"})", seen).status == 412);
    for (const char* none_of_ours :
         {"If-Match: \"x\"\r\n", "If-Match: 7x\r\n", "If-Match: \"\"\r\n"}) {
      CAPTURE(none_of_ours);
      CHECK(told("apps/shop/unblock", "{}", none_of_ours).status == 400);
    }
    CHECK(told("apps/shop/unblock", "{}", "If-Match: *\r\n").status == 200);
    const std::string now = "If-Match: " + get_of("apps/shop").field("ETag") + "\r\n";
    CHECK(removed("apps/shop", now).status == 200);
  }

  TEST_CASE_FIXTURE(ApiFixture, "a change that the store does not take is 503, and is not made") {
    add_app("shop");
    store.takes = false;
    CHECK(told("apps", R"({"name":"blog"})").status == 503);
    CHECK(told("apps/shop/block", R"({"why":"spam"})").status == 503);
    CHECK(removed("apps/shop").status == 503);
    CHECK(get_of("apps/blog").status == 404);
    CHECK(!get_of("apps/shop").body.at("blocked").as_bool());
  }
}
