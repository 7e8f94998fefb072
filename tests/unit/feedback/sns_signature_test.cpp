#include "relay/feedback/sns_signature.hpp"

#include "samples.hpp"
#include "sns_signer.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using feedback::admit_post;
using feedback::SigningKey;
using feedback::verify;
namespace json = boost::json;

namespace {

const std::vector<std::string> topics = {"arn:aws:sns:us-east-1:111122223333:ses-events",
                                         "arn:aws:sns:eu-west-1:111122223333:events"};
const std::string half_past_nine = "2026-09-14T09:30:00Z";

const SnsSigner& sns() {
  static const SnsSigner signer;
  return signer;
}

SigningKey key_of(const SnsSigner& signer) {
  const auto now = moment(half_past_nine);
  return SigningKey::read(signer.certificate(now), now).value();
}

/// Empty if the post is verified, else why not.
std::string refusal_of(const std::string& post, feedback::WallTime now = moment(half_past_nine)) {
  auto admitted = admit_post(post, topics, now);
  if (!admitted) return admitted.error().sentence();
  const auto verified = verify(*std::move(admitted), key_of(sns()));
  return verified ? "" : verified.error().sentence();
}

/// The refusal of a signed notification with one member changed before it was signed.
std::string refusal_with(const char* name, const json::value& value) {
  json::object members = SnsSigner::notification();
  members[name] = value;
  return refusal_of(sns().post(std::move(members)));
}

bool has(const std::string& sentence, std::string_view word) {
  return sentence.find(word) != std::string::npos;
}

}  // namespace

TEST_CASE("every sample that SNS signed is verified, and the tampered one is not") {
  const auto now = moment("2026-09-14T09:31:00Z");
  const auto key = SigningKey::read(sample("sns-test-signing-cert.pem"), now).value();
  const auto is_verified = [&](const std::string& name) {
    auto admitted = admit_post(sample(name), topics, now);
    REQUIRE_MESSAGE(admitted.has_value(), name);
    CHECK(admitted->certificate_url() ==
          "https://sns.us-east-1.amazonaws.com/"
          "SimpleNotificationService-00000000000000000000000000000000.pem");
    return verify(*std::move(admitted), key).has_value();
  };
  for (const char* name : {"sns-notification-sigv1.json",
                           "sns-notification-sigv2.json",
                           "sns-notification-sigv2-no-subject.json",
                           "sns-notification-topic-validation-not-json.json",
                           "sns-subscription-confirmation-sigv1.json",
                           "sns-subscription-confirmation-sigv2.json",
                           "sns-unsubscribe-confirmation-sigv2.json"}) {
    CAPTURE(name);
    CHECK(is_verified(name));
  }
  CHECK_FALSE(is_verified("sns-notification-sigv2-TAMPERED.json"));
}

TEST_CASE(
    "a verified notification carries the event, a verified subscription the URL to confirm it") {
  const auto now = moment("2026-09-14T09:31:00Z");
  const auto key = SigningKey::read(sample("sns-test-signing-cert.pem"), now).value();
  const auto notified =
      verify(admit_post(sample("sns-notification-sigv2.json"), topics, now).value(), key);
  REQUIRE(notified.has_value());
  CHECK(event_of((*notified)->message).type == feedback::EventType::bounce);
  const auto subscribed = verify(
      admit_post(sample("sns-subscription-confirmation-sigv2.json"), topics, now).value(), key);
  REQUIRE(subscribed.has_value());
  CHECK((*subscribed)->type == feedback::SnsType::subscription_confirmation);
  CHECK(subscribed->confirmation_url() == (*subscribed)->subscribe_url);
}

TEST_CASE(
    "both signature versions hold for all that is signed, with lines and letters of any kind") {
  for (const char* version : {"1", "2"}) {
    CAPTURE(version);
    for (const char* message :
         {"{}\n", "", "Message\nMessageId\nx\n", "\xC3\xA4 \xE2\x82\xAC \"\\/"}) {
      CAPTURE(message);
      json::object members = SnsSigner::notification();
      members["SignatureVersion"] = version;
      members["Message"] = message;
      CHECK(refusal_of(sns().post(members)).empty());
      members.erase("Subject");
      CHECK(refusal_of(sns().post(members)).empty());
    }
    json::object members = SnsSigner::subscription();
    members["SignatureVersion"] = version;
    CHECK(refusal_of(sns().post(members)).empty());
    members["Type"] = "UnsubscribeConfirmation";
    CHECK(refusal_of(sns().post(members)).empty());
  }
}

TEST_CASE("a forged signature is refused") {
  const SnsSigner somebody;
  CHECK(has(refusal_of(somebody.post(SnsSigner::notification())), "signature"));
  const std::string genuine = sns().post(SnsSigner::notification());
  CHECK(refusal_of(genuine).empty());
  const auto forged = [&](const char* name, const json::value& value) {
    json::object members = json::parse(genuine).as_object();
    members[name] = value;
    return refusal_of(json::serialize(members));
  };
  CHECK(has(forged("Message", "{}"), "signature"));
  CHECK(has(forged("MessageId", "another"), "signature"));
  CHECK(has(forged("Subject", "another"), "signature"));
  CHECK(has(forged("Subject", nullptr), "signature"));
  CHECK(has(forged("Timestamp", "2026-09-14T09:30:00.001Z"), "signature"));
  CHECK(has(forged("TopicArn", json::string(topics[0])), "SigningCertURL"));
  CHECK(has(forged("SignatureVersion", "1"), "signature"));
  CHECK(has(forged("Signature", "AAAA"), "signature"));
  CHECK(has(forged("Signature", "!!!!"), "signature"));
  CHECK(has(forged("Signature", "===="), "signature"));
  CHECK(has(forged("Signature", json::string(344, 'A')), "signature"));
  json::object retyped = json::parse(sns().post(SnsSigner::subscription())).as_object();
  retyped["Type"] = "UnsubscribeConfirmation";
  CHECK(has(refusal_of(json::serialize(retyped)), "signature"));
}

TEST_CASE("what SNS does not sign changes nothing of what is verified") {
  json::object members = json::parse(sns().post(SnsSigner::notification())).as_object();
  members["UnsubscribeURL"] = "https://evil.example/";
  members["MessageAttributes"] = json::object{{"x", json::object{{"Type", "String"}}}};
  members["Token"] = "evil";
  members["SubscribeURL"] = "https://evil.example/";
  auto admitted = admit_post(json::serialize(members), topics, moment(half_past_nine));
  REQUIRE(admitted.has_value());
  const auto verified = verify(*std::move(admitted), key_of(sns()));
  REQUIRE(verified.has_value());
  CHECK((*verified)->token.empty());
  CHECK((*verified)->subscribe_url.empty());
}

TEST_CASE("the lines of a signed text cannot be dealt out to other members") {
  json::object members = SnsSigner::notification();
  members["Message"] = "a\nMessageId\nb\nSubject\nc";
  const std::string genuine = sns().post(members);
  members = json::parse(genuine).as_object();
  members["Message"] = "a";
  members["MessageId"] = "b\nSubject\nc\nMessageId\nf02ebad4-6380-5a07-a465-ef93967b0bd5";
  CHECK(has(refusal_of(json::serialize(members)), "member"));
}

TEST_CASE("a genuine post of a topic that is not listed is refused, however alike") {
  for (const char* arn : {"arn:aws:sns:eu-west-1:999999999999:events",
                          "arn:aws:sns:eu-west-1:111122223333:events2",
                          "arn:aws:sns:eu-west-1:111122223333:event",
                          "arn:aws:sns:eu-west-1:111122223333:Events",
                          "ARN:aws:sns:eu-west-1:111122223333:events",
                          "arn:aws:sns:eu-west-2:111122223333:events",
                          " arn:aws:sns:eu-west-1:111122223333:events",
                          "*"}) {
    CAPTURE(arn);
    CHECK(has(refusal_with("TopicArn", arn), "does not list"));
  }
  CHECK_FALSE(
      admit_post(sns().post(SnsSigner::notification()), {}, moment(half_past_nine)).has_value());
  const std::vector<std::string> odd = {"no-arn"};
  json::object members = SnsSigner::notification();
  members["TopicArn"] = "no-arn";
  CHECK_FALSE(admit_post(sns().post(members), odd, moment(half_past_nine)).has_value());
}

TEST_CASE(
    "of a member that comes twice the last counts, for the list, the signature and the reader") {
  const std::string genuine = sns().post(SnsSigner::notification());
  const std::string allowed = R"("TopicArn":"arn:aws:sns:eu-west-1:111122223333:events")";
  const std::string foreign = R"("TopicArn":"arn:aws:sns:eu-west-1:999999999999:events")";
  CHECK(refusal_of(replaced(genuine, allowed, foreign + "," + allowed)).empty());
  CHECK(has(refusal_of(replaced(genuine, allowed, allowed + "," + foreign)), "does not list"));
  const std::string closed = genuine.substr(0, genuine.size() - 1);
  CHECK(has(refusal_of(closed + R"(,"Message":"forged"})"), "signature"));
}

TEST_CASE("a post is taken for an hour, and a quarter of an hour ahead") {
  const std::string post = sns().post(SnsSigner::notification());
  const auto sent = moment(half_past_nine);
  CHECK(refusal_of(post, sent + 60min).empty());
  CHECK(has(refusal_of(post, sent + 60min + 1ms), "old"));
  CHECK(refusal_of(post, sent - 15min).empty());
  CHECK(has(refusal_of(post, sent - 15min - 1ms), "future"));
  CHECK(has(refusal_of(post, sent + 24h * 365), "old"));
}

TEST_CASE("a signed post that names an address other than SNS's of its region is refused") {
  CHECK(has(refusal_with("SigningCertURL", "https://evil.example/a.pem"), "SigningCertURL"));
  CHECK(has(refusal_with("SigningCertURL",
                         "https://sns.us-east-1.amazonaws.com/"
                         "SimpleNotificationService-0123456789abcdef0123456789abcdef.pem"),
            "SigningCertURL"));
  json::object members = SnsSigner::subscription();
  members["SubscribeURL"] = "https://evil.example/";
  CHECK(has(refusal_of(sns().post(members)), "SubscribeURL"));
  members = SnsSigner::subscription();
  members["Token"] = "a&b";
  CHECK(has(refusal_of(sns().post(members)), "Token"));
}

TEST_CASE("there are two signature versions") {
  for (const char* version : {"0", "3", "01", "1 ", "SHA256"}) {
    CAPTURE(version);
    CHECK(has(refusal_with("SignatureVersion", version), "SignatureVersion"));
  }
}

TEST_CASE("a certificate is read that has an RSA key of today's length and is valid") {
  const auto now = moment(half_past_nine);
  const std::string pem = sns().certificate(now);
  CHECK(SigningKey::read(pem, now).has_value());
  CHECK(SigningKey::read("a comment\n" + pem + pem, now).has_value());
  CHECK(SigningKey::read(pem, now + 59min).has_value());
  CHECK_FALSE(SigningKey::read(pem, now + 61min).has_value());
  CHECK_FALSE(SigningKey::read(pem, now - 61min).has_value());
  CHECK_FALSE(
      SigningKey::read(SnsSigner(SnsSigner::Kind::rsa_1024).certificate(now), now).has_value());
  CHECK_FALSE(
      SigningKey::read(SnsSigner(SnsSigner::Kind::elliptic).certificate(now), now).has_value());
  CHECK_FALSE(SigningKey::read("", now).has_value());
  CHECK_FALSE(SigningKey::read("<html>", now).has_value());
  CHECK_FALSE(SigningKey::read(pem.substr(0, pem.size() / 2), now).has_value());
  CHECK_FALSE(SigningKey::read(replaced(pem, "MII", "MIJ"), now).has_value());
  CHECK_FALSE(SigningKey::read(std::string(1'000'000, 'A'), now).has_value());
}
