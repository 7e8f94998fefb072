#include "relay/http/openapi.hpp"

#include "api_fixture.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <string_view>

namespace json = boost::json;

namespace {

using Operations = std::set<std::string>;

Operations served(const http::Routes& routes) {
  Operations found;
  for (const auto& [path, route] : routes) {
    if (!path.starts_with("/api/")) continue;
    if (route.get) found.insert("get " + path);
    if (route.post) found.insert("post " + path);
    if (route.remove) found.insert("delete " + path);
  }
  return found;
}

Operations described(const json::object& document) {
  Operations found;
  for (const auto& [path, methods] : document.at("paths").as_object())
    for (const auto& [method, operation] : methods.as_object())
      found.insert(std::string(method) + " " + std::string(path));
  return found;
}

const json::object& schema_of(const json::object& document, std::string_view reference) {
  constexpr std::string_view above = "#/components/schemas/";
  REQUIRE(reference.starts_with(above));
  return document.at("components")
      .at("schemas")
      .as_object()
      .at(reference.substr(above.size()))
      .as_object();
}

bool is_of_type(const json::value& value, std::string_view type) {
  if (type == "string") return value.is_string();
  if (type == "number") return value.is_double();
  if (type == "integer") return value.is_int64() || value.is_uint64();
  if (type == "boolean") return value.is_bool();
  return type == "array" ? value.is_array() : value.is_object();
}

// Whether a value is exactly as its schema says: the members of an object all there, and no other.
void check(const json::object& document, const json::object& schema, const json::value& value) {
  CAPTURE(json::serialize(schema));
  CAPTURE(json::serialize(value));
  if (value.is_null()) {
    CHECK(schema.contains("nullable"));
    return;
  }
  if (const json::value* reference = schema.if_contains("$ref"))
    return check(document, schema_of(document, reference->as_string()), value);
  if (const json::value* all = schema.if_contains("allOf"))
    return check(document, all->at(0).as_object(), value);
  REQUIRE(is_of_type(value, schema.at("type").as_string()));
  if (value.is_array()) {
    for (const json::value& each : value.as_array())
      check(document, schema.at("items").as_object(), each);
  }
  if (!value.is_object()) return;
  const json::object& properties = schema.at("properties").as_object();
  CHECK(value.as_object().size() == properties.size());
  for (const auto& [name, property] : properties) {
    CAPTURE(std::string(name));
    REQUIRE(value.as_object().contains(name));
    check(document, property.as_object(), value.at(name));
  }
}

}  // namespace

TEST_SUITE("relay/http/openapi") {
  TEST_CASE_FIXTURE(ApiFixture, "what is served is described, and what is described is served") {
    const Operations document = described(http::openapi_document());
    CHECK(document.size() > 30);
    for (const http::Routes& routes : {http::api_routes(sources), http::admin_routes(sources)}) {
      const Operations routed = served(routes);
      for (const std::string& operation : routed) {
        CAPTURE(operation);
        CHECK(document.contains(operation));
      }
      for (const std::string& operation : document) {
        CAPTURE(operation);
        CHECK(routed.contains(operation));
      }
    }
  }

  TEST_CASE_FIXTURE(ApiFixture,
                    "the document is served as it is made, and each reference leads somewhere") {
    const json::object document = http::openapi_document();
    CHECK(get_of("openapi.json").body == document);
    CHECK(document.at("openapi").as_string() == "3.0.3");
    std::string text = json::serialize(document);
    constexpr std::string_view reference = R"("$ref":")";
    for (auto at = text.find(reference); at != std::string::npos;
         at = text.find(reference, at + 1)) {
      const auto begin = at + reference.size();
      CHECK(
          schema_of(document, text.substr(begin, text.find('"', begin) - begin)).contains("type"));
    }
  }

  TEST_CASE_FIXTURE(ApiFixture, "answers have exactly the members that the document names") {
    const json::object document = http::openapi_document();
    add_app("shop");
    add_domain("example.com", "shop");
    rounds["example.com"] = good_round("example.com");
    rounds["example.com"].examination.diagnoses.emplace_back();
    rounds["example.com"].dmarc["example.com"] = {.known = true};
    REQUIRE(told("domains/example.com/verify").status == 200);
    REQUIRE(told("tokens", R"({"role":"read"})").status == 201);
    store.entries = {entry(1)};
    store.traces = {{entry(1), {policy::Event{}}}};
    store.ordered.matched = 1;
    const auto answers = [&](const std::string& shape, const Answered& answer) {
      CAPTURE(shape);
      CHECK(answer.status / 100 == 2);
      check(document, schema_of(document, "#/components/schemas/" + shape), answer.body);
    };
    answers("Apps", get_of("apps"));
    answers("App", get_of("apps/shop"));
    answers("App", get_of("apps/files"));
    answers("App", told("apps/shop/block", R"({"why":"spam"})"));
    answers("AppWithPassword", told("apps/shop/rotate-password"));
    answers("Domains", get_of("domains"));
    answers("Domain", get_of("domains/example.com"));
    answers("Domain", get_of("domains/example.org"));
    answers("Records", get_of("domains/example.com/records"));
    answers("Tokens", get_of("tokens"));
    answers("TokenWithSecret", told("tokens", R"({"role":"app","app":"shop"})"));
    answers("Audit", get_of("audit"));
    answers("Changed", told("suppressions", R"({"app":"shop","addresses":["a@example.net"]})"));
    answers("Changed",
            told("suppressions/import",
                 R"({"app":"shop","entries":[{"address":"b@example.net","cause":"bounce"}]})"));
    answers("Suppressions", get_of("suppressions"));
    ses_refuses = "Not now.";
    answers("MailedAgain",
            told("suppressions/remove",
                 R"({"app":"shop","addresses":["a@example.net"],"also_ses":true})"));
    metrics.refused("shop", policy::Reason::bulk);
    answers("Stats", get_of("stats"));
    answers("Entries", get_of("queue"));
    answers("Life", get_of("queue/" + spool::QueueId(1).text()));
    answers("Matches", get_of("trace?word=" + spool::QueueId(1).text()));
    answers("Ordered", told("queue/hold", R"({"all":true})"));
    answers("Removed", removed("domains/example.com"));
    check(document, schema_of(document, "#/components/schemas/Error"), get_of("apps/absent").body);
  }

  TEST_CASE_FIXTURE(ApiFixture, "the bodies described are those that are taken") {
    const json::object document = http::openapi_document();
    const std::uint16_t open = server.listen(http::admin_routes(sources));
    for (const auto& [path, methods] : document.at("paths").as_object()) {
      const json::value* operation = methods.as_object().if_contains("post");
      if (operation == nullptr) continue;
      const json::value& content = operation->at("requestBody").at("content");
      const json::object& schema =
          schema_of(document, content.at("application/json").at("schema").at("$ref").as_string());
      std::string target(path);
      if (const auto begin = target.find('{'); begin != std::string::npos)
        target.replace(begin,
                       target.find('}') - begin + 1,
                       target.starts_with("/api/v1/apps") ? "files" : "example.org");
      for (const auto& [name, property] : schema.at("properties").as_object()) {
        CAPTURE(target);
        CAPTURE(std::string(name));
        const json::object alone{{name, nullptr}};
        CHECK(answered(post(open, target, json::serialize(alone)))
                  .error()
                  .find("is not known here") == std::string::npos);
      }
    }
  }
}
