#include "relay/aws/ses_api.hpp"

#include "given_keys.hpp"
#include "run_awaitable.hpp"
#include "scripted_http.hpp"
#include "stepped_clock.hpp"

#include <doctest/doctest.h>
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <optional>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using aws::Outcome;

namespace {

namespace asio = boost::asio;

const config::Secret private_key(
    "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEF\nAASCBKcwggSjAgEAAoIBAQ+/\nQ==\n"
    "-----END PRIVATE KEY-----\n");
const std::string bare_key = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQ+/Q==";

/// The API against a server that was told what to answer.
struct Scene {
  explicit Scene(std::vector<std::string> responses) : server(std::move(responses)) {}

  ScriptedHttp server;
  SteppedClock clock;
  std::unique_ptr<aws::HttpClient> http = aws::HttpClient::start().value();
  std::unique_ptr<aws::CredentialSource> credentials = given_keys(*http, clock);
  aws::SesApi api{*http, *credentials, clock, {"eu-central-1", server.url("/")}};

  [[nodiscard]] ReceivedRequest only_request() const {
    REQUIRE(server.received().size() == 1);
    return server.received().front();
  }
};

}  // namespace

TEST_CASE("GetEmailIdentity asks for the domain, signed for ses, and reads the answer") {
  Scene scene({http_response(200, R"({"VerifiedForSendingStatus":true})")});
  const auto got = run_awaitable([&] { return scene.api.get_identity("shop.example.com"); });
  CHECK(got.answer.outcome == Outcome::done);
  CHECK(got.identity.exists);
  CHECK(got.identity.verified_for_sending);
  const ReceivedRequest request = scene.only_request();
  CHECK(request.method == "GET");
  CHECK(request.target == "/v2/email/identities/shop.example.com");
  CHECK(request.headers.at("authorization").find("/eu-central-1/ses/aws4_request") !=
        std::string::npos);
}

TEST_CASE("an identity that SES does not know is an answer: it does not exist") {
  Scene scene({http_response(404, "{}", "NotFoundException")});
  const auto got = run_awaitable([&] { return scene.api.get_identity("example.com"); });
  CHECK(got.answer.outcome == Outcome::done);
  CHECK(got.answer.sentence.empty());
  CHECK(!got.identity.exists);
}

TEST_CASE(
    "no answer, a strange one and a throttled one are unreachable, a refused right is no_rights") {
  const struct {
    std::string response;
    Outcome outcome;
  } rows[] = {
      {"", Outcome::unreachable},
      {http_response(200, "{"), Outcome::unreachable},
      {http_response(200, R"({"VerifiedForSendingStatus":"yes"})"), Outcome::unreachable},
      {http_response(429, "{}", "TooManyRequestsException"), Outcome::unreachable},
      {http_response(500, ""), Outcome::unreachable},
      {http_response(403, "{}", "AccessDeniedException"), Outcome::no_rights},
  };
  for (const auto& row : rows) {
    CAPTURE(row.response);
    Scene scene({row.response});
    const auto got = run_awaitable([&] { return scene.api.get_identity("example.com"); });
    CHECK(got.answer.outcome == row.outcome);
    CHECK(!got.answer.sentence.empty());
    CHECK(!got.identity.exists);
  }
}

TEST_CASE("each change is the request that SES documents") {
  using Change = std::function<asio::awaitable<aws::Answer>(aws::SesApi&)>;
  const aws::OwnKey own("postern202611", private_key);
  const struct {
    std::string name;
    Change change;
    std::string method, target, body;
  } rows[] = {
      {"Easy DKIM",
       [](aws::SesApi& api) { return api.create_identity("example.com", std::nullopt); },
       "POST",
       "/v2/email/identities",
       R"({"EmailIdentity":"example.com"})"},
      {"a key of ours",
       [&](aws::SesApi& api) { return api.create_identity("example.com", own); },
       "POST",
       "/v2/email/identities",
       R"({"EmailIdentity":"example.com","DkimSigningAttributes":{"DomainSigningSelector":"postern202611","DomainSigningPrivateKey":")" +
           bare_key + "\"}}"},
      {"to a key of ours",
       [&](aws::SesApi& api) { return api.set_dkim("example.com", own); },
       "PUT",
       "/v1/email/identities/example.com/dkim/signing",
       R"({"SigningAttributesOrigin":"EXTERNAL","SigningAttributes":{"DomainSigningSelector":"postern202611","DomainSigningPrivateKey":")" +
           bare_key + "\"}}"},
      {"to Easy DKIM",
       [](aws::SesApi& api) { return api.set_dkim("example.com", std::nullopt); },
       "PUT",
       "/v1/email/identities/example.com/dkim/signing",
       R"({"SigningAttributesOrigin":"AWS_SES"})"},
      {"MAIL FROM",
       [](aws::SesApi& api) {
         return api.set_mail_from(
             "example.com", "bounce.example.com", aws::OnMxFailure::use_default_value);
       },
       "PUT",
       "/v2/email/identities/example.com/mail-from",
       R"({"MailFromDomain":"bounce.example.com","BehaviorOnMxFailure":"USE_DEFAULT_VALUE"})"},
      {"MAIL FROM or nothing",
       [](aws::SesApi& api) {
         return api.set_mail_from(
             "example.com", "bounce.example.com", aws::OnMxFailure::reject_message);
       },
       "PUT",
       "/v2/email/identities/example.com/mail-from",
       R"({"MailFromDomain":"bounce.example.com","BehaviorOnMxFailure":"REJECT_MESSAGE"})"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    Scene scene({http_response(200, "{}")});
    const auto answer = run_awaitable([&] { return row.change(scene.api); });
    CHECK(answer.outcome == Outcome::done);
    const ReceivedRequest request = scene.only_request();
    CHECK(request.method == row.method);
    CHECK(request.target == row.target);
    CHECK(request.body == row.body);
    CHECK(request.headers.at("content-type") == "application/json");
  }
}

TEST_CASE("a refused change names the IAM action it needs, or says why SES refuses") {
  Scene denied({http_response(403, "{}", "AccessDeniedException")});
  const auto no_rights =
      run_awaitable([&] { return denied.api.create_identity("example.com", std::nullopt); });
  CHECK(no_rights.outcome == Outcome::no_rights);
  CHECK(no_rights.sentence.find("ses:CreateEmailIdentity") != std::string::npos);
  Scene exists({http_response(400, R"({"message":"It exists."})", "AlreadyExistsException")});
  const auto refused =
      run_awaitable([&] { return exists.api.create_identity("example.com", std::nullopt); });
  CHECK(refused.outcome == Outcome::refused);
  CHECK(refused.sentence.find("It exists.") != std::string::npos);
}

TEST_CASE("what is no domain name, and what is no key, is refused without asking") {
  Scene scene({});
  for (const std::string domain :
       {"", "a/b", "example.com?x", "a%2fb", "user@example.com", "b\xc3\xbc.example"}) {
    CAPTURE(domain);
    const auto got = run_awaitable([&] { return scene.api.get_identity(domain); });
    CHECK(got.answer.outcome == Outcome::refused);
  }
  const aws::OwnKey no_key("s", config::Secret("MIIEvQIBADANBg"));
  const auto created =
      run_awaitable([&] { return scene.api.create_identity("example.com", no_key); });
  CHECK(created.outcome == Outcome::refused);
  const auto set = run_awaitable([&] { return scene.api.set_dkim("example.com", no_key); });
  CHECK(set.outcome == Outcome::refused);
  CHECK(set.sentence.find("MIIE") == std::string::npos);
  CHECK(scene.server.received().empty());
}

TEST_CASE("GetAccount tells the standing, the quota and the rate") {
  Scene scene({http_response(
      200,
      R"({"EnforcementStatus":"PROBATION","ProductionAccessEnabled":true,"SendingEnabled":false,)"
      R"("SendQuota":{"Max24HourSend":50000.0,"MaxSendRate":14,"SentLast24Hours":12.5}})")});
  const auto got = run_awaitable([&] { return scene.api.get_account(); });
  CHECK(got.answer.outcome == Outcome::done);
  CHECK(got.account.enforcement == aws::Enforcement::probation);
  CHECK(got.account.production_access);
  CHECK(!got.account.sending_enabled);
  CHECK(got.account.max_in_24_hours == 50000);
  CHECK(scene.only_request().method == "GET");
  CHECK(scene.only_request().target == "/v2/email/account");
}

TEST_CASE(
    "GetAccount without the right to it names the right, and a strange answer tells nothing") {
  Scene denied({http_response(403, "{}", "AccessDeniedException")});
  const auto no_rights = run_awaitable([&] { return denied.api.get_account(); });
  CHECK(no_rights.answer.outcome == Outcome::no_rights);
  CHECK(no_rights.answer.sentence.find("ses:GetAccount") != std::string::npos);
  CHECK(no_rights.answer.sentence.find("identities") == std::string::npos);
  Scene strange({http_response(200, "{}")});
  const auto told = run_awaitable([&] { return strange.api.get_account(); });
  CHECK(told.answer.outcome == Outcome::unreachable);
  CHECK(told.answer.sentence.find("ProductionAccessEnabled") != std::string::npos);
}

TEST_CASE("GetAccount tells how the clock goes beside SES's, refused or not") {
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  for (const unsigned status : {200U, 403U}) {
    CAPTURE(status);
    std::string response = http_response(status, "{}");
    response.insert(response.find("Content-Type"),
                    fmt::format("Date: {:%a, %d %b %Y %H:%M:%S} GMT\r\n", fmt::gmtime(now)));
    Scene scene({response});
    scene.clock.step(1h);
    const auto got = run_awaitable([&] { return scene.api.get_account(); });
    REQUIRE(got.clock_ahead.has_value());
    CHECK(*got.clock_ahead >= 1h);
    CHECK(*got.clock_ahead < 1h + 10s);
  }
}

TEST_CASE("a configuration set is asked for with its event destinations, in two calls") {
  Scene scene({http_response(200, R"({"ConfigurationSetName":"drupal"})"),
               http_response(200, R"({"EventDestinations":[{"Name":"events"}]})")});
  const auto got = run_awaitable([&] { return scene.api.get_configuration_set("drupal"); });
  CHECK(got.answer.outcome == Outcome::done);
  CHECK(got.set.exists);
  REQUIRE(got.set.destinations.size() == 1);
  CHECK(got.set.destinations.front().name == "events");
  REQUIRE(scene.server.received().size() == 2);
  CHECK(scene.server.received()[0].target == "/v2/email/configuration-sets/drupal");
  CHECK(scene.server.received()[1].target ==
        "/v2/email/configuration-sets/drupal/event-destinations");
}

TEST_CASE("a configuration set that SES does not know does not exist, and no name is no path") {
  Scene unknown({http_response(404, "{}", "NotFoundException")});
  const auto got = run_awaitable([&] { return unknown.api.get_configuration_set("drupal"); });
  CHECK(got.answer.outcome == Outcome::done);
  CHECK_FALSE(got.set.exists);
  Scene never({});
  const auto refused = run_awaitable([&] { return never.api.get_configuration_set("../x"); });
  CHECK(refused.answer.outcome == Outcome::refused);
  CHECK(never.server.received().empty());
}

TEST_CASE("without the right to its event destinations nothing is told of a configuration set") {
  Scene denied({http_response(200, R"({"ConfigurationSetName":"drupal"})"),
                http_response(403, "{}", "AccessDeniedException")});
  const auto got = run_awaitable([&] { return denied.api.get_configuration_set("drupal"); });
  CHECK(got.answer.outcome == Outcome::no_rights);
  CHECK(got.answer.sentence.find("ses:GetConfigurationSetEventDestinations") != std::string::npos);
  CHECK_FALSE(got.set.exists);
}

TEST_CASE("an address goes on SES's suppression list, and comes off it, found there or not") {
  Scene on({http_response(200, "{}")});
  const auto put = run_awaitable(
      [&] { return on.api.suppress("bob+\"x@example.com", aws::SuppressedFor::complaint); });
  CHECK(put.outcome == Outcome::done);
  CHECK(on.only_request().method == "PUT");
  CHECK(on.only_request().target == "/v2/email/suppression/addresses");
  CHECK(on.only_request().body == R"({"EmailAddress":"bob+\"x@example.com","Reason":"COMPLAINT"})");
  for (const auto& response :
       {http_response(200, "{}"), http_response(404, "{}", "NotFoundException")}) {
    Scene off({response});
    const auto removed = run_awaitable([&] { return off.api.unsuppress("bob+x/y@example.com"); });
    CHECK(removed.outcome == Outcome::done);
    CHECK(removed.sentence.empty());
    CHECK(off.only_request().method == "DELETE");
    CHECK(off.only_request().target == "/v2/email/suppression/addresses/bob%2Bx%2Fy%40example.com");
  }
}

TEST_CASE("what is no address is not put on SES's list, and the sandbox's refusal is shown") {
  Scene scene({http_response(400, R"({"message":"Not in the sandbox."})", "BadRequestException")});
  const std::string long_one = std::string(310, 'x') + "@example.com";
  for (const std::string& address :
       {std::string(), std::string("bob"), long_one, std::string("bob@example.com\r\nHost: x")}) {
    CAPTURE(address);
    const auto put =
        run_awaitable([&] { return scene.api.suppress(address, aws::SuppressedFor::bounce); });
    CHECK(put.outcome == Outcome::refused);
    const auto removed = run_awaitable([&] { return scene.api.unsuppress(address); });
    CHECK(removed.outcome == Outcome::refused);
  }
  CHECK(scene.server.received().empty());
  const auto put = run_awaitable(
      [&] { return scene.api.suppress("bob@example.com", aws::SuppressedFor::bounce); });
  CHECK(put.outcome == Outcome::refused);
  CHECK(put.sentence.find("Not in the sandbox.") != std::string::npos);
}

TEST_CASE("two calls reach SES a second apart") {
  const std::string known = http_response(200, R"({"VerifiedForSendingStatus":true})");
  Scene scene({known, known});
  const auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < 2; ++i) {
    const auto got = run_awaitable([&] { return scene.api.get_identity("example.com"); });
    CHECK(got.answer.outcome == Outcome::done);
  }
  CHECK(std::chrono::steady_clock::now() - began >= 1s);
}

TEST_CASE("turns are a tenth over a second apart, and a minute's worth of them is the most") {
  aws::Turns turns;
  const std::chrono::steady_clock::time_point start{1h};
  CHECK(turns.take(start) == 0ms);
  CHECK(turns.take(start) == 1100ms);
  CHECK(turns.take(start + 600ms) == 1600ms);
  CHECK(turns.take(start + 1h) == 0ms);
  for (int i = 1; i <= 60; ++i) CHECK(turns.take(start + 1h) == i * 1100ms);
  CHECK(turns.take(start + 1h) == std::nullopt);
  CHECK(turns.take(start + 1h) == std::nullopt);
  CHECK(turns.take(start + 1h + 1100ms) == 60 * 1100ms);
}

TEST_CASE("close() ends a call that waits for its turn, and later calls do not ask") {
  Scene scene({http_response(200, R"({"VerifiedForSendingStatus":true})")});
  run_awaitable([&] { return scene.api.get_identity("example.com"); });
  scene.clock.step(-30s);  // as after 27 calls more
  asio::io_context context(1);
  std::optional<aws::IdentityAnswer> waited;
  auto ask = [&]() -> asio::awaitable<void> {
    waited = co_await scene.api.get_identity("example.com");
  };
  net::spawn(
      context.get_executor(), ask, [](std::string_view what) { FAIL(what); }, [] {});
  context.poll();
  CHECK(!waited);
  scene.api.close();
  context.run();
  REQUIRE(waited);
  CHECK(waited->answer.outcome == Outcome::unreachable);
  scene.clock.step(60s);
  const auto late = run_awaitable([&] { return scene.api.get_identity("example.com"); });
  CHECK(late.answer.outcome == Outcome::unreachable);
  CHECK(scene.server.received().size() == 1);
}

TEST_CASE("a PEM key loses its armour and line breaks, and what is none is a failure") {
  for (const std::string pem :
       {"-----BEGIN RSA PRIVATE KEY-----\nAB+/\r\nCD==\r\n-----END RSA PRIVATE KEY-----\n",
        "# mine\n-----BEGIN PRIVATE KEY-----\nAB+/CD==\n-----END PRIVATE KEY-----"}) {
    CAPTURE(pem);
    const auto bare = aws::without_armour(config::Secret(pem));
    REQUIRE(bare.has_value());
    CHECK(bare->reveal() == "AB+/CD==");
  }
  for (const std::string pem : {"",
                                "AB+/CD==",
                                "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n",
                                "-----BEGIN PRIVATE KEY-----\nAB+/CD==\n",
                                "-----END PRIVATE KEY-----\n-----BEGIN PRIVATE KEY-----\nAB==\n",
                                "-----BEGIN PUBLIC KEY-----\nAB==\n-----END PUBLIC KEY-----\n",
                                "-----BEGIN PRIVATE KEY-----\nAB\"}==\n-----END PRIVATE KEY-----\n",
                                "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAB==\n"
                                "-----END RSA PRIVATE KEY-----\n"}) {
    CAPTURE(pem);
    CHECK(!aws::without_armour(config::Secret(pem)).has_value());
  }
}

TEST_CASE("the endpoint of a region, China's in its own domain") {
  CHECK(aws::ses_endpoint("eu-central-1") == "https://email.eu-central-1.amazonaws.com");
  CHECK(aws::ses_endpoint("cn-north-1") == "https://email.cn-north-1.amazonaws.com.cn");
}
