#include "relay/aws/ses_identity.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using aws::Outcome;
using aws::RecordCheck;

namespace {

// As SES answers for an Easy DKIM identity, members included that are not used here.
const std::string easy_dkim = R"({
  "IdentityType": "DOMAIN", "FeedbackForwardingStatus": true, "VerifiedForSendingStatus": true,
  "DkimAttributes": {"SigningEnabled": true, "Status": "SUCCESS",
    "Tokens": ["vvjuipp74whm76gqoni7qmwwn4w4qusjiainivf6sf", "3frqe7jn4obpuxjpwpolz6ipb3k5nvt2nhjpik2oy",
               "wrqplteh7oodxnad7hsl4mixg2uavzneazxv5sxi2"],
    "SigningAttributesOrigin": "AWS_SES", "NextSigningKeyLength": "RSA_2048_BIT",
    "CurrentSigningKeyLength": "RSA_2048_BIT", "LastKeyGenerationTimestamp": 1611000000.123,
    "SigningHostedZone": "dkim.amazonses.com"},
  "MailFromAttributes": {"MailFromDomain": "bounce.example.com", "MailFromDomainStatus": "PENDING",
    "BehaviorOnMxFailure": "REJECT_MESSAGE"},
  "Policies": {}, "Tags": [], "ConfigurationSetName": null, "VerificationStatus": "SUCCESS",
  "VerificationInfo": {"LastCheckedTimestamp": 1.7e9, "SOARecord": {"SerialNumber": 1}}})";

std::string with(const std::string& what, const std::string& instead) {
  std::string text = easy_dkim;
  const auto at = text.find(what);
  REQUIRE(at != std::string::npos);
  return text.replace(at, what.size(), instead);
}

}  // namespace

TEST_CASE("an Easy DKIM identity is read whole") {
  const auto identity = aws::parse_identity(easy_dkim);
  REQUIRE(identity.has_value());
  CHECK(identity->exists);
  CHECK(identity->verified_for_sending);
  CHECK(identity->dkim_status == RecordCheck::success);
  CHECK(identity->dkim_signing_origin == aws::DkimOrigin::aws_ses);
  CHECK(identity->dkim_tokens ==
        std::vector<std::string>{"vvjuipp74whm76gqoni7qmwwn4w4qusjiainivf6sf",
                                 "3frqe7jn4obpuxjpwpolz6ipb3k5nvt2nhjpik2oy",
                                 "wrqplteh7oodxnad7hsl4mixg2uavzneazxv5sxi2"});
  CHECK(identity->dkim_hosted_zone == "dkim.amazonses.com");
  CHECK(identity->mail_from_domain == "bounce.example.com");
  CHECK(identity->mail_from_status == RecordCheck::pending);
  CHECK(identity->on_mx_failure == aws::OnMxFailure::reject_message);
}

TEST_CASE("each status, and what SES leaves out, is read for what it is") {
  const struct {
    std::string name, json;
    bool verified;
    RecordCheck dkim, mail_from;
    aws::DkimOrigin origin;
    std::string zone;
  } rows[] = {
      {"pending",
       with("\"SUCCESS\"", "\"PENDING\""),
       true,
       RecordCheck::pending,
       RecordCheck::pending,
       aws::DkimOrigin::aws_ses,
       "dkim.amazonses.com"},
      {"failed",
       with("\"SUCCESS\"", "\"FAILED\""),
       true,
       RecordCheck::failed,
       RecordCheck::pending,
       aws::DkimOrigin::aws_ses,
       "dkim.amazonses.com"},
      {"for now",
       with("\"SUCCESS\"", "\"TEMPORARY_FAILURE\""),
       true,
       RecordCheck::temporary_failure,
       RecordCheck::pending,
       aws::DkimOrigin::aws_ses,
       "dkim.amazonses.com"},
      {"not started",
       with("\"SUCCESS\"", "\"NOT_STARTED\""),
       true,
       RecordCheck::not_started,
       RecordCheck::pending,
       aws::DkimOrigin::aws_ses,
       "dkim.amazonses.com"},
      {"MAIL FROM stands",
       with("\"PENDING\"", "\"SUCCESS\""),
       true,
       RecordCheck::success,
       RecordCheck::success,
       aws::DkimOrigin::aws_ses,
       "dkim.amazonses.com"},
      {"not verified",
       with("true, \"VerifiedForSendingStatus\": true",
            "true, \"VerifiedForSendingStatus\": false"),
       false,
       RecordCheck::success,
       RecordCheck::pending,
       aws::DkimOrigin::aws_ses,
       "dkim.amazonses.com"},
      {"our key",
       with("AWS_SES", "EXTERNAL"),
       true,
       RecordCheck::success,
       RecordCheck::pending,
       aws::DkimOrigin::external,
       "dkim.amazonses.com"},
      {"key of another region",
       with("AWS_SES", "AWS_SES_EU_WEST_1"),
       true,
       RecordCheck::success,
       RecordCheck::pending,
       aws::DkimOrigin::aws_ses,
       "dkim.amazonses.com"},
      {"zone of the region",
       with("\"dkim.amazonses.com\"", "\"dkim.eu-south-1.amazonses.com\""),
       true,
       RecordCheck::success,
       RecordCheck::pending,
       aws::DkimOrigin::aws_ses,
       "dkim.eu-south-1.amazonses.com"},
      {"an answer before December 2025",
       with(",\n    \"SigningHostedZone\": \"dkim.amazonses.com\"", ""),
       true,
       RecordCheck::success,
       RecordCheck::pending,
       aws::DkimOrigin::aws_ses,
       "dkim.amazonses.com"},
      {"no attributes",
       R"({"VerifiedForSendingStatus": false, "DkimAttributes": null})",
       false,
       RecordCheck::not_started,
       RecordCheck::not_started,
       aws::DkimOrigin::aws_ses,
       "dkim.amazonses.com"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    const auto identity = aws::parse_identity(row.json);
    REQUIRE(identity.has_value());
    CHECK(identity->exists);
    CHECK(identity->verified_for_sending == row.verified);
    CHECK(identity->dkim_status == row.dkim);
    CHECK(identity->mail_from_status == row.mail_from);
    CHECK(identity->dkim_signing_origin == row.origin);
    CHECK(identity->dkim_hosted_zone == row.zone);
  }
}

TEST_CASE("an answer that is cut off anywhere is no identity") {
  for (std::size_t length = 0; length < easy_dkim.size(); ++length) {
    CAPTURE(length);
    CHECK(!aws::parse_identity(easy_dkim.substr(0, length)).has_value());
  }
}

TEST_CASE("an answer that says something strange is no identity, and the failure names where") {
  const std::string nine_tokens = R"(["a","b","c","d","e","f","g","h","i"])";
  const std::string tokens = easy_dkim.substr(
      easy_dkim.find("[\"vvj"),
      easy_dkim.find("]", easy_dkim.find("[\"vvj")) - easy_dkim.find("[\"vvj") + 1);
  const struct {
    std::string json, named;
  } rows[] = {
      {"[]", "no JSON object"},
      {"null", "no JSON object"},
      {"<html></html>", "no JSON object"},
      {std::string(10000, '['), "no JSON object"},
      {"{}", "`VerifiedForSendingStatus`"},
      {R"({"VerifiedForSendingStatus": "true"})", "`VerifiedForSendingStatus`"},
      {R"({"VerifiedForSendingStatus": null})", "`VerifiedForSendingStatus`"},
      {R"({"VerifiedForSendingStatus": true, "DkimAttributes": []})", "`DkimAttributes`"},
      {R"({"VerifiedForSendingStatus": true, "MailFromAttributes": 1})", "`MailFromAttributes`"},
      {with("\"SUCCESS\"", "\"SPLENDID\""), "`DkimAttributes.Status`"},
      {with("\"SUCCESS\"", "7"), "`DkimAttributes.Status`"},
      {with("AWS_SES", "ELSEWHERE"), "`DkimAttributes.SigningAttributesOrigin`"},
      {with("\"dkim.amazonses.com\"", "\"evil.example\\n@ IN A 192.0.2.1\""),
       "`DkimAttributes.SigningHostedZone`"},
      {with("\"dkim.amazonses.com\"", "\"dkim..amazonses.com\""),
       "`DkimAttributes.SigningHostedZone`"},
      {with("\"dkim.amazonses.com\"", '"' + std::string(254, 'a') + '"'),
       "`DkimAttributes.SigningHostedZone`"},
      {with("vvjuipp74whm76gqoni7qmwwn4w4qusjiainivf6sf", "a.b"), "`DkimAttributes.Tokens`"},
      {with("vvjuipp74whm76gqoni7qmwwn4w4qusjiainivf6sf", "a\\\" CNAME"),
       "`DkimAttributes.Tokens`"},
      {with("vvjuipp74whm76gqoni7qmwwn4w4qusjiainivf6sf", ""), "`DkimAttributes.Tokens`"},
      {with("vvjuipp74whm76gqoni7qmwwn4w4qusjiainivf6sf", std::string(64, 'a')),
       "`DkimAttributes.Tokens`"},
      {with(tokens, "\"one\""), "`DkimAttributes.Tokens`"},
      {with(tokens, "[1]"), "`DkimAttributes.Tokens`"},
      {with(tokens, nine_tokens), "`DkimAttributes.Tokens`"},
      {with("bounce.example.com", "bounce example.com"), "`MailFromAttributes.MailFromDomain`"},
      {with("\"PENDING\"", "\"SOON\""), "`MailFromAttributes.MailFromDomainStatus`"},
      {with("REJECT_MESSAGE", "SHRUG"), "`MailFromAttributes.BehaviorOnMxFailure`"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.json.substr(0, 200));
    const auto identity = aws::parse_identity(row.json);
    REQUIRE(!identity.has_value());
    CHECK(identity.error().sentence().find(row.named) != std::string::npos);
  }
}

TEST_CASE("as many tokens as are allowed are taken, the longest label among them") {
  const std::string longest(63, 'a');
  const auto identity = aws::parse_identity(
      R"({"VerifiedForSendingStatus":true,"DkimAttributes":{"Tokens":["b","c","d","e","f","g","h",")" +
      longest + "\"]}}");
  REQUIRE(identity.has_value());
  CHECK(identity->dkim_tokens.size() == aws::max_dkim_tokens);
  CHECK(identity->dkim_tokens.back() == longest);
}

TEST_CASE("what an answer of SES means") {
  const struct {
    unsigned status;
    std::string type, body;
    Outcome outcome;
    std::string said;
  } rows[] = {
      {200, "", "{}", Outcome::done, ""},
      {201, "", "", Outcome::done, ""},
      {404,
       "NotFoundException:http://internal.amazon.com/coral/com.amazonaws.sesv2/",
       R"({"message":"Email identity example.com does not exist."})",
       Outcome::unknown_identity,
       "example.com does not exist"},
      {404,
       "",
       R"({"__type":"com.amazonaws.sesv2#NotFoundException"})",
       Outcome::unknown_identity,
       "does not know"},
      // An answer that is not SES's proves nothing of an identity.
      {404, "", "<html>Not Found</html>", Outcome::unreachable, "aws.endpoint"},
      {404, "UnknownOperationException", "{}", Outcome::refused, "UnknownOperationException"},
      {301, "", "", Outcome::unreachable, "answered 301"},
      {403,
       "AccessDeniedException",
       R"({"Message":"User: arn:aws:iam::123456789012:user/relay is not authorized"})",
       Outcome::no_rights,
       "add ses:GetEmailIdentity to the policy"},
      {400,
       "",
       R"({"__type":"AccessDeniedException"})",
       Outcome::no_rights,
       "add ses:GetEmailIdentity"},
      {403,
       "InvalidSignatureException",
       R"({"message":"x-amz-security-token:SECRETTOKEN"})",
       Outcome::no_rights,
       "InvalidSignatureException"},
      {403, "UnrecognizedClientException", "{}", Outcome::no_rights, "belong together"},
      {403, "ExpiredTokenException", "{}", Outcome::no_rights, "session token"},
      {400, "ExpiredTokenException", "{}", Outcome::no_rights, "session token"},
      {403, "", "", Outcome::no_rights, "credentials"},
      {401, "", "", Outcome::no_rights, "credentials"},
      {403,
       "InvalidSignatureException",
       R"({"message":"Signature expired: 20260101T000000Z is now earlier than 20260101T001000Z"})",
       Outcome::no_rights,
       "clock"},
      {429,
       "TooManyRequestsException",
       R"({"message":"Rate exceeded"})",
       Outcome::unreachable,
       "one request a second"},
      {400, "ThrottlingException", "{}", Outcome::unreachable, "one request a second"},
      {500, "InternalServiceErrorException", "{}", Outcome::unreachable, "answered 500"},
      {503, "", "", Outcome::unreachable, "asked again"},
      {400,
       "AlreadyExistsException",
       R"({"message":"Email identity example.com already exist."})",
       Outcome::refused,
       "already exist"},
      {400, "LimitExceededException", "{}", Outcome::refused, "LimitExceededException"},
      {400,
       "BadRequestException",
       "{\"message\":\"bad\\u0000\\nselector\"}",
       Outcome::refused,
       "bad??selector"},
      {400, "", "not JSON", Outcome::unreachable, "answered 400"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.status);
    CAPTURE(row.type);
    CAPTURE(row.body);
    const aws::Answer answer =
        aws::classify("ses:GetEmailIdentity", row.status, row.type, row.body);
    CHECK(answer.outcome == row.outcome);
    CAPTURE(answer.sentence);
    CHECK(answer.sentence.find(row.said) != std::string::npos);
    CHECK(answer.sentence.empty() == (row.outcome == Outcome::done));
    CHECK(answer.sentence.find("SECRETTOKEN") == std::string::npos);
  }
}

TEST_CASE("a message of SES is quoted to 300 octets") {
  const std::string body = R"({"message":")" + std::string(301, 'm') + "\"}";
  const aws::Answer answer = aws::classify("ses:X", 400, "BadRequestException", body);
  CHECK(answer.sentence.find(std::string(300, 'm')) != std::string::npos);
  CHECK(answer.sentence.find(std::string(301, 'm')) == std::string::npos);
}
