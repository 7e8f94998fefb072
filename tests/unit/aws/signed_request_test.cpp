#include "relay/aws/signed_request.hpp"

#include "given_keys.hpp"
#include "run_awaitable.hpp"
#include "scripted_http.hpp"
#include "stepped_clock.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <string>
#include <vector>

namespace {

std::string key_of(const ReceivedRequest& request) {
  const std::string& header = request.headers.at("authorization");
  const auto begin = header.find("Credential=") + std::string("Credential=").size();
  return header.substr(begin, header.find('/') - begin);
}

std::string lent(const std::string& key) {
  return http_response(
      200, fmt::format(R"({{"AccessKeyId":"{}","SecretAccessKey":"s","Token":"tok"}})", key));
}

/// A service, and a container's endpoint that lends the keys to it.
struct Scene {
  Scene(std::vector<std::string> answers, std::vector<std::string> lends)
      : service(std::move(answers)), lender(std::move(lends)) {
    aws::CredentialSource::Settings settings;
    settings.variables.container_full_uri = lender.url("/");
    source = aws::CredentialSource::make(*http, clock, std::move(settings)).value();
  }
  mail::Result<aws::HttpResponse> send() {
    aws::HttpRequest request;
    request.method = "POST";
    request.url = service.url("/");
    request.body = config::Secret("the body");
    return run_awaitable([&] {
      return aws::send_signed(*http, *source, aws::Scope{"eu-central-1", "sqs"}, request);
    });
  }

  ScriptedHttp service, lender;
  SteppedClock clock;
  std::unique_ptr<aws::HttpClient> http = aws::HttpClient::start().value();
  std::unique_ptr<aws::CredentialSource> source;
};

}  // namespace

TEST_CASE("a request is signed with the credentials that hold, for its region and service") {
  Scene scene({http_response(200, "{}")}, {lent("ASIA1")});
  REQUIRE(scene.send().has_value());
  const ReceivedRequest request = scene.service.received().at(0);
  CHECK(key_of(request) == "ASIA1");
  CHECK(request.headers.at("authorization").find("/eu-central-1/sqs/aws4_request") !=
        std::string::npos);
  CHECK(request.headers.at("x-amz-security-token") == "tok");
}

TEST_CASE("where AWS calls the credentials expired, the request goes once more with others") {
  for (const auto& expired :
       {http_response(403, "{}", "ExpiredTokenException"),
        http_response(400, R"({"__type":"com.amazon.coral.service#ExpiredToken"})")}) {
    Scene scene({expired, http_response(200, "done")}, {lent("ASIA1"), lent("ASIA2")});
    const auto answer = scene.send();
    REQUIRE(answer.has_value());
    CHECK(answer->body == "done");
    const auto received = scene.service.received();
    REQUIRE(received.size() == 2);
    CHECK(key_of(received[0]) == "ASIA1");
    CHECK(key_of(received[1]) == "ASIA2");
    CHECK(received[1].body == "the body");
  }
}

TEST_CASE("it goes no third time, and not again for another refusal or without other keys") {
  const std::string expired = http_response(403, "{}", "ExpiredTokenException");
  Scene twice({expired, expired}, {lent("ASIA1"), lent("ASIA2")});
  CHECK(twice.send()->status == 403);
  CHECK(twice.service.received().size() == 2);
  Scene denied({http_response(403, "{}", "AccessDeniedException")}, {lent("ASIA1")});
  CHECK(denied.send()->status == 403);
  CHECK(denied.service.received().size() == 1);
  Scene none({expired}, {lent("ASIA1"), http_response(500, "")});
  CHECK(none.send()->error_type == "ExpiredTokenException");
  CHECK(none.service.received().size() == 1);
}

TEST_CASE("without credentials nothing is sent") {
  Scene scene({}, {http_response(500, "")});
  const auto answer = scene.send();
  REQUIRE(!answer.has_value());
  CHECK(answer.error().sentence().find("credentials") != std::string::npos);
  CHECK(scene.service.received().empty());
}
