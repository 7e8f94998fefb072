#include "relay/http/domain_endpoints.hpp"

#include "api_fixture.hpp"
#include "relay/http/bounds.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace json = boost::json;

namespace {

json::object check_of(const Answered& domain, std::string_view name) {
  for (const json::value& each : domain.body.at("checks").as_array())
    if (each.at("check").as_string() == name) return each.as_object();
  return {};
}

std::string escaped(const std::string& pem) { return json::serialize(json::value(pem)); }

}  // namespace

TEST_SUITE("relay/http/domain_endpoints") {
  TEST_CASE_FIXTURE(ApiFixture, "a domain is added pending, with the records to publish") {
    const Answered made =
        told("domains",
             R"({"name":"B\u00fccher.example","app":"files","subdomains":true,)"
             R"("algorithm":"ed25519","selector":"k1","mail_from":"bounce.b\u00fccher.example"})");
    CHECK(made.status == 201);
    CHECK(made.body.at("name").as_string() == "xn--bcher-kva.example");
    CHECK(made.body.at("unicode").as_string() == "b\u00fccher.example");
    CHECK(made.body.at("status").as_string() == "pending");
    CHECK(made.body.at("subdomains").as_bool());
    CHECK(made.body.at("algorithm").as_string() == "ed25519");
    CHECK(made.body.at("mail_from").as_string() == "bounce.xn--bcher-kva.example");
    CHECK(made.body.at("signs").is_null());
    CHECK(made.body.at("unsigned_why").is_string());
    CHECK(made.body.at("associations").at(0).at("app").as_string() == "files");
    CHECK(made.body.at("keys").at(0).at("selector").as_string() == "k1");
    CHECK(made.body.at("keys").at(0).at("stage").as_string() == "fresh");
    const json::value& record = made.body.at("records").at(0);
    CHECK(record.at("type").as_string() == "TXT");
    CHECK(record.at("required").as_bool());
    for (const char* spelt : {"xn--bcher-kva.example",
                              "XN--BCHER-KVA.example",
                              "b%C3%BCcher.example",
                              "B%C3%9CCHER.example"})
      CHECK(get_of("domains/" + std::string(spelt)).status == 200);
  }

  TEST_CASE_FIXTURE(ApiFixture, "each check is shown with its result, need and age") {
    add_domain("example.com", "files");
    const Answered before = get_of("domains/example.com");
    CHECK(before.body.at("checks").as_array().size() == policy::domain_checks);
    CHECK(check_of(before, "ownership").at("required").as_bool());
    CHECK(!check_of(before, "spf").at("required").as_bool());
    CHECK(check_of(before, "dkim").at("result").as_string() == "unknown");
    CHECK(check_of(before, "dkim").at("seen").is_null());
    rounds["example.com"] = good_round("example.com");
    const Answered good = told("domains/example.com/verify");
    CHECK(good.status == 200);
    CHECK(good.body.at("status").as_string() == "verified");
    CHECK(check_of(good, "dkim").at("result").as_string() == "good");
    CHECK(check_of(good, "dkim").at("seen").is_string());
    CHECK(!check_of(good, "ownership").at("required").as_bool());
    CHECK(good.body.at("identity").at("source").as_string() == "api");
    rounds["example.com"].examination.results.fill(policy::CheckResult::silent);
    const Answered silent = told("domains/example.com/verify");
    CHECK(silent.body.at("status").as_string() == "verified");
    CHECK(check_of(silent, "dkim").at("result").as_string() == "good");
    CHECK(check_of(silent, "dkim").at("stale_since").is_string());
  }

  TEST_CASE_FIXTURE(ApiFixture,
                    "what is wrong is shown with its mend, and how DMARC sees the mail") {
    add_domain("example.com", "files");
    domains::Round round = good_round("example.com");
    round.examination.results[static_cast<std::size_t>(policy::DomainCheck::dkim)] =
        policy::CheckResult::bad;
    policy::Diagnosis diagnosis;
    diagnosis.check = policy::DomainCheck::dkim;
    diagnosis.name = "p1._domainkey.example.com";
    diagnosis.found = "v=DKIM1; p=\xff";
    diagnosis.edit = "Publish the whole key.";
    round.examination.diagnoses = {diagnosis};
    policy::DmarcRecord strict;
    strict.policy = policy::DmarcPolicy::reject;
    round.dmarc["example.com"] = {.known = true, .record = strict};
    round.dmarc["sub.example.com"] = {.known = false};
    rounds["example.com"] = round;
    const Answered shown = told("domains/example.com/verify");
    const json::value& told_of = shown.body.at("diagnoses").at(0);
    CHECK(told_of.at("check").as_string() == "dkim");
    CHECK(told_of.at("found").as_string() == "v=DKIM1; p=\ufffd");
    CHECK(told_of.at("edit").as_string() == "Publish the whole key.");
    CHECK(json::serialize(shown.body.at("dmarc")) ==
          R"([{"from_domain":"example.com","known":true,"inherited":false,"policy":"reject",)"
          R"("by_dkim":true,"by_spf":false},)"
          R"({"from_domain":"sub.example.com","known":false,"inherited":false,"policy":null,)"
          R"("by_dkim":null,"by_spf":null}])");
  }

  TEST_CASE_FIXTURE(ApiFixture, "domains are listed by app and by pages") {
    add_app("shop");
    for (const char* name : {"a.example", "b.example"}) add_domain(name, "shop");
    const auto names = [&](const std::string& query) {
      std::vector<std::string> found;
      const Answered list = get_of("domains" + query);
      for (const json::value& each : list.body.at("domains").as_array())
        found.emplace_back(each.at("name").as_string());
      return found;
    };
    CHECK(names("") == std::vector<std::string>{"a.example", "b.example", "example.org"});
    CHECK(names("?app=shop") == std::vector<std::string>{"a.example", "b.example"});
    CHECK(names("?limit=1&after=a.example") == std::vector<std::string>{"b.example"});
    CHECK(get_of("domains?limit=2").body.at("next").as_string() == "b.example");
    CHECK(get_of("domains?limit=3").body.at("next").is_null());
    CHECK(get_of("domains?app=absent").status == 404);
  }

  TEST_CASE_FIXTURE(ApiFixture, "the records come in every form that people paste") {
    add_domain("example.com", "files");
    const Answered records = get_of("domains/example.com/records");
    CHECK(records.body.at("domain").as_string() == "example.com");
    CHECK(records.body.at("records").as_array().size() >= 3);
    for (const char* format : {"table", "zone", "terraform"}) {
      CAPTURE(format);
      const Answered text = get_of("domains/example.com/records?format=" + std::string(format));
      CHECK(text.status == 200);
      CHECK(text.field("Content-Type") == "text/plain; charset=utf-8");
      CHECK(text.text.find("_postern-challenge.example.com") != std::string::npos);
    }
    const json::array& steps = records.body.at("console_steps").as_array();
    REQUIRE(steps.size() == 3);
    CHECK(steps[0].as_string().starts_with("Open the SES console in the region eu-central-1"));
    const auto ends_with_steps = [&](const std::string& format, const std::string& mark) {
      const std::string text = get_of("domains/example.com/records?format=" + format).text;
      return text.find("\n" + mark + "  1. Open the SES console") != std::string::npos &&
             text.find("\n" + mark + "  3. Publish the records") != std::string::npos;
    };
    CHECK(ends_with_steps("table", ""));
    CHECK(ends_with_steps("zone", "; "));
    CHECK(ends_with_steps("terraform", "# "));
    CHECK(get_of("domains/example.com/records?format=yaml").status == 400);
    CHECK(get_of("domains/example.com/records?colour=red").status == 400);
    CHECK(get_of("domains/absent.example/records").status == 404);
  }

  TEST_CASE_FIXTURE(ApiFixture, "a check that cannot be made says so") {
    add_domain("example.com", "files");
    CHECK(told("domains/example.com/verify").status == 503);
    CHECK(told("domains/example.com/verify").error() == "Too many look already.");
    CHECK(told("domains/example.org/verify").status == 409);  // the configuration vouches for it
    CHECK(told("domains/absent.example/verify").status == 404);
  }

  TEST_CASE_FIXTURE(ApiFixture,
                    "an app is associated and dissociated, one of another owner never") {
    add_domain("example.com", "files");
    REQUIRE(told("apps", R"({"name":"shop"})").status == 201);
    REQUIRE(told("apps", R"({"name":"other","owner":"somebody"})").status == 201);
    CHECK(told("domains/example.com/associate", R"({"app":"shop"})")
              .body.at("associations")
              .as_array()
              .size() == 2);
    CHECK(told("domains/example.com/associate", R"({"app":"other"})").status >= 400);
    CHECK(told("domains/example.com/associate", R"({"app":"absent"})").status == 404);
    CHECK(told("domains/example.com/associate", "{}").status == 400);
    CHECK(told("domains/example.com/dissociate", R"({"app":"shop"})")
              .body.at("associations")
              .as_array()
              .size() == 1);
    CHECK(told("domains/example.com/dissociate", R"({"app":"absent"})").status == 404);
  }

  TEST_CASE_FIXTURE(ApiFixture, "a rotation makes the next key, and can be given up") {
    add_domain("example.com", "files");
    rounds["example.com"] = round_with_key("example.com");
    REQUIRE(told("domains/example.com/verify").body.at("signs").as_string() == "p1");
    const Answered begun = told("domains/example.com/rotate-key");
    CHECK(begun.status == 200);
    CHECK(begun.body.at("keys").as_array().size() == 2);
    CHECK(told("domains/example.com/rotate-key").status >= 400);
    CHECK(told("domains/example.com/rotate-key", R"({"abandon":true})")
              .body.at("keys")
              .as_array()
              .size() == 1);
    CHECK(told("domains/example.com/rotate-key", R"({"removed":true})").status == 400);
    CHECK(told("domains/example.com/rotate-key", R"({"abandon":true,"removed":true})").status ==
          400);
    CHECK(told("domains/example.com/rotate-key", R"({"published":true})").status == 400);
    CHECK(told("domains/example.com/rotate-key", R"({"published":true,"removed":true})").error() ==
          "Give one of `published`, `abandon` and `removed`, or none.");
    CHECK(told("domains/absent.example/rotate-key").status == 404);
  }

  TEST_CASE_FIXTURE(ApiFixture,
                    "of a domain of the file that is trusted a word lets the key sign") {
    REQUIRE(get_of("domains/example.org").body.at("signs").as_string() == "p1");
    CHECK(told("domains/example.org/rotate-key").body.at("signs").as_string() == "p1");
    CHECK(told("domains/example.org/rotate-key", R"({"published":true})")
              .body.at("signs")
              .as_string() == "p2");
    CHECK(told("domains/example.org/rotate-key", R"({"published":true})").status == 409);
  }

  TEST_CASE_FIXTURE(ApiFixture, "a key is taken in, and never shown but at the admin socket") {
    const std::string pem = dkim::generate_key(dkim::Algorithm::ed25519_sha256).value().pem();
    const Answered made =
        told("domains", R"({"name":"example.com","app":"files","pem":)" + escaped(pem) + "}");
    CHECK(made.status == 201);
    CHECK(made.text.find("PRIVATE KEY") == std::string::npos);
    CHECK(told("domains/example.com/export-key", R"({"selector":"p1"})").status == 403);
    const std::uint16_t open = server.listen(http::admin_routes(sources));
    const auto exported = [&](const std::string& body) {
      return answered(post(open, "/api/v1/domains/example.com/export-key", body));
    };
    CHECK(exported(R"({"selector":"p1"})").body.at("pem").as_string() == pem);
    CHECK(exported(R"({"selector":"p9"})").status == 404);
    CHECK(exported("{}").status == 400);
  }

  TEST_CASE_FIXTURE(ApiFixture, "what is no domain, or asks for what cannot be, is 400") {
    const std::string longest(http::longest_pem, 'p');
    for (const std::string& body : {std::string("{}"),
                                    std::string(R"({"name":"com","app":"files"})"),
                                    std::string(R"({"name":"example","app":"files"})"),
                                    std::string(R"({"name":"exa mple.com","app":"files"})"),
                                    R"({"name":")" + std::string(256, 'a') + R"("})",
                                    std::string(R"({"name":"example.com","signing":"both"})"),
                                    std::string(R"({"name":"example.com","algorithm":"rsa512"})"),
                                    std::string(R"({"name":"example.com","pem":"no key"})"),
                                    R"({"name":"example.com","pem":")" + longest + R"("})",
                                    R"({"name":"example.com","pem":"p)" + longest + R"("})",
                                    std::string(R"({"name":"example.com","subdomains":"yes"})"),
                                    std::string(R"({"name":"example.com","colour":"red"})")}) {
      CAPTURE(body);
      const Answered refusal = told("domains", body);
      CHECK(refusal.status == 400);
      CHECK(refusal.error().find("pppp") == std::string::npos);
    }
    CHECK(told("domains", R"({"name":"example.com","app":"absent"})").status == 404);
    CHECK(told("domains", R"({"name":"example.org","app":"files"})").status == 409);
    for (const char* query : {"limit=0", "app=", "colour=red"})
      CHECK(get_of("domains?" + std::string(query)).status == 400);
  }

  TEST_CASE_FIXTURE(ApiFixture,
                    "a domain is changed only as it was seen, whatever was checked since") {
    add_domain("example.com", "files");
    add_app("shop");
    const auto tag = [&] { return get_of("domains/example.com").field("ETag"); };
    const std::string first = tag();
    CHECK(get_of("domains/example.com", "If-None-Match: " + first + "\r\n").status == 304);
    rounds["example.com"] = good_round("example.com");
    REQUIRE(told("domains/example.com/verify").status == 200);
    CHECK(tag() != first);
    CHECK(get_of("domains/example.com", "If-None-Match: " + first + "\r\n").status == 200);
    CHECK(told("domains/example.com/associate", R"({"app":"shop"})", "If-Match: " + first + "\r\n")
              .status == 200);
    CHECK(told("domains/example.com/rotate-key", "{}", "If-Match: " + first + "\r\n").status ==
          412);
    REQUIRE(told("domains/example.com/dissociate", R"({"app":"shop"})").status == 200);
    const std::string another = "If-Match: \"99\"\r\n";
    for (const char* change : {"associate", "dissociate"})
      CHECK(
          told("domains/example.com/" + std::string(change), R"({"app":"shop"})", another).status ==
          412);
    CHECK(told("domains/example.com/rotate-key", "{}", another).status == 412);
    CHECK(removed("domains/example.com", another).status == 412);
    const std::string seen = "If-Match: " + tag() + "\r\n";
    CHECK(told("domains/example.com/associate", R"({"app":"shop"})", seen).status == 200);
    CHECK(removed("domains/example.com", "If-Match: " + tag() + "\r\n").status == 200);
    CHECK(get_of("domains/example.com").status == 404);
    CHECK(removed("domains/example.com").status == 404);
  }

  TEST_CASE_FIXTURE(ApiFixture, "what stands in the configuration file is not removed here") {
    const Answered refusal = removed("domains/example.org");
    CHECK(refusal.status == 409);
    CHECK(refusal.error().find("configuration file") != std::string::npos);
  }
}
