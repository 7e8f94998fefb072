#include "relay/aws/credential_answers.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <string>

using namespace std::chrono_literals;

namespace {

constexpr auto half_past_ten =
    std::chrono::sys_days(std::chrono::year(2026) / 9 / 14) + 10h + 30min;

std::string sts_answer(const std::string& credentials) {
  return "<AssumeRoleWithWebIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n"
         "  <AssumeRoleWithWebIdentityResult>\n    <Provider>oidc</Provider>\n    <Credentials>" +
         credentials +
         "</Credentials>\n  </AssumeRoleWithWebIdentityResult>\n"
         "</AssumeRoleWithWebIdentityResponse>\n";
}

}  // namespace

TEST_CASE("the metadata service's and a container's answer are read, with or without an end") {
  const auto whole = aws::parse_lent_json(
      R"({"Code":"Success","LastUpdated":"2026-09-14T09:30:00Z","Type":"AWS-HMAC",)"
      R"("AccessKeyId":"ASIA1","SecretAccessKey":"s/+","Token":"t==",)"
      R"("Expiration":"2026-09-14T10:30:00Z"})");
  REQUIRE(whole.has_value());
  CHECK(whole->credentials.access_key_id.reveal() == "ASIA1");
  CHECK(whole->credentials.secret_access_key.reveal() == "s/+");
  CHECK(whole->credentials.session_token.reveal() == "t==");
  CHECK(whole->expires == half_past_ten);
  const auto endless = aws::parse_lent_json(R"({"AccessKeyId":"AKID","SecretAccessKey":"s"})");
  REQUIRE(endless.has_value());
  CHECK(endless->credentials.session_token.empty());
  CHECK(!endless->expires);
}

TEST_CASE("STS's answer is read") {
  const auto lent = aws::parse_lent_xml(
      sts_answer("<SessionToken>t/+==</SessionToken><AccessKeyId>ASIA2</AccessKeyId>"
                 "<SecretAccessKey>s</SecretAccessKey>"
                 "<Expiration>2026-09-14T10:30:00.250Z</Expiration>"));
  REQUIRE(lent.has_value());
  CHECK(lent->credentials.access_key_id.reveal() == "ASIA2");
  CHECK(lent->credentials.session_token.reveal() == "t/+==");
  CHECK(lent->expires == half_past_ten);
}

TEST_CASE("an answer without usable keys is a failure that shows none of it") {
  const std::string long_token(aws::max_token_octets + 1, 't');
  const std::string json[] = {
      "",
      "[]",
      "{",
      R"("hush")",
      R"({"AccessKeyId":"hush"})",
      R"({"AccessKeyId":"","SecretAccessKey":"hush"})",
      R"({"AccessKeyId":1,"SecretAccessKey":"hush"})",
      R"({"AccessKeyId":"A\r\nHost: x","SecretAccessKey":"hush"})",
      R"({"AccessKeyId":"A","SecretAccessKey":"hush hush"})",
      R"({"AccessKeyId":"A","SecretAccessKey":"hush","Expiration":"tomorrow"})",
      fmt::format(R"({{"AccessKeyId":"A","SecretAccessKey":"hush","Token":"{}"}})", long_token),
      R"({"Code":"AssumeRoleUnauthorizedAccess","AccessKeyId":"A","SecretAccessKey":"hush"})",
      std::string(100, '['),
  };
  for (const std::string& text : json) {
    CAPTURE(text);
    const auto lent = aws::parse_lent_json(text);
    REQUIRE(!lent.has_value());
    CHECK(lent.error().sentence().find("hush") == std::string::npos);
  }
  const std::string key = "<AccessKeyId>A</AccessKeyId>";
  const std::string secret = "<SecretAccessKey>hush</SecretAccessKey>";
  const std::string xml[] = {
      "",
      "<Credentials>",
      sts_answer(""),
      sts_answer(key),
      sts_answer(key + "<SecretAccessKey>hush"),
      sts_answer(key + secret + "<Expiration>soon</Expiration>"),
      sts_answer("<AccessKeyId>A\n</AccessKeyId>" + secret),
      "<Credentials></Credentials>" + key + secret,
  };
  for (const std::string& text : xml) {
    CAPTURE(text);
    const auto lent = aws::parse_lent_xml(text);
    REQUIRE(!lent.has_value());
    CHECK(lent.error().sentence().find("hush") == std::string::npos);
  }
}

TEST_CASE("an error of STS is its code and message, bounded and printable") {
  CHECK(aws::sts_error(
            "<ErrorResponse><Error><Type>Sender</Type><Code>InvalidIdentityToken</Code>"
            "<Message>No OpenIDConnect provider\nfound</Message></Error></ErrorResponse>") ==
        "InvalidIdentityToken: No OpenIDConnect provider?found");
  CHECK(aws::sts_error("<html>Bad gateway</html>").empty());
  const std::string flood(100000, 'x');
  CHECK(aws::sts_error("<Error><Code>" + flood + "</Code><Message>" + flood + "</Message></Error>")
            .size() <= 400);
}

TEST_CASE("a container's credentials are asked by https, or on this machine and at ECS and EKS") {
  for (const char* uri : {"https://vault.example.com/v1/creds",
                          "http://127.0.0.1/get",
                          "http://127.9.9.9:8080/get",
                          "http://localhost:51679/v2",
                          "http://[::1]:80/",
                          "http://169.254.170.2/v2/credentials/x",
                          "http://169.254.170.23/v1/credentials",
                          "http://[fd00:ec2::23]/v1/credentials"}) {
    CAPTURE(uri);
    CHECK(aws::may_lend(uri));
  }
  for (const char* uri : {"",
                          "/v2/credentials",
                          "169.254.170.2/v2",
                          "http://vault.example.com/",
                          "http://169.254.169.254/latest",
                          "http://169.254.170.3/",
                          "http://10.0.0.1/",
                          "http://localhost.example.com/",
                          "http://127.0.0.1@example.com/",
                          "http://127.0.0.1:80@example.com/",
                          "https://user:secret@example.com/",
                          "http://2130706433/",
                          "http:///v1",
                          "https:///v1",
                          "http://[::2]/",
                          "file:///etc/passwd",
                          "ftp://127.0.0.1/",
                          "http://127.0.0.1 /",
                          "http://127.0.0.1\n.example.com/"}) {
    CAPTURE(uri);
    CHECK(!aws::may_lend(uri));
  }
}

TEST_CASE("a moment is read as AWS writes it, and what is none is not") {
  CHECK(aws::parse_moment("2026-09-14T10:30:00Z") == half_past_ten);
  CHECK(aws::parse_moment("2026-09-14T10:30:00.999Z") == half_past_ten);
  for (const char* text : {"",
                           "Z",
                           "2026-09-14T10:30:00",
                           "2026-09-14 10:30:00Z",
                           "2026-02-30T10:30:00Z",
                           "2026-09-14T24:30:00Z",
                           "2026-09-14T10:60:00Z",
                           "20260914T103000Z0000Z",
                           "-026-09-14T10:30:00Z",
                           "2026-09-1xT10:30:00Z"}) {
    CAPTURE(text);
    CHECK(!aws::parse_moment(text));
  }
}
