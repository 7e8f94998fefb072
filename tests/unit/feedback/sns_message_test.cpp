#include "relay/feedback/sns_message.hpp"

#include "samples.hpp"
#include "sns_signer.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <doctest/doctest.h>

#include <chrono>

using feedback::parse_sns_message;
using feedback::SnsType;
namespace json = boost::json;

namespace {

bool is_refused(const json::object& members) {
  return !parse_sns_message(json::serialize(members));
}

json::object sound() {
  json::object members = SnsSigner::notification();
  members["Signature"] = "c2lnbmF0dXJl";
  return members;
}

}  // namespace

TEST_CASE("the string to sign is SNS's, octet by octet") {
  CHECK(string_to_sign(*parse_sns_message(sample("sns-notification-sigv2.json"))) ==
        sample("sns-string-to-sign-notification.txt"));
  CHECK(string_to_sign(*parse_sns_message(sample("sns-subscription-confirmation-sigv2.json"))) ==
        sample("sns-string-to-sign-subscription.txt"));
  const auto without = parse_sns_message(sample("sns-notification-sigv2-no-subject.json"));
  CHECK(string_to_sign(*without).find("\nSubject\n") == std::string::npos);
}

TEST_CASE("each type of message is read in full") {
  const auto notified = parse_sns_message(sample("sns-notification-sigv1.json"));
  REQUIRE(notified.has_value());
  CHECK(notified->type == SnsType::notification);
  CHECK(notified->message_id == "f02ebad4-6380-5a07-a465-ef93967b0bd5");
  CHECK(notified->topic_arn == "arn:aws:sns:us-east-1:111122223333:ses-events");
  CHECK(notified->subject == "Amazon SES Email Event Notification");
  CHECK(notified->message.starts_with("{\"eventType\":\"Bounce\""));
  CHECK(notified->message.ends_with("}\n"));
  CHECK(notified->at == moment("2026-09-14T09:30:19.482Z"));
  CHECK(notified->signature_version == "1");
  CHECK(notified->token.empty());
  const auto subscribed = parse_sns_message(sample("sns-subscription-confirmation-sigv1.json"));
  REQUIRE(subscribed.has_value());
  CHECK(subscribed->type == SnsType::subscription_confirmation);
  CHECK(subscribed->token.starts_with("2336412f37fb687f5d51e6e2425ba1f25"));
  CHECK(subscribed->subscribe_url.starts_with("https://sns.us-east-1.amazonaws.com/?Action="));
  const auto ended = parse_sns_message(sample("sns-unsubscribe-confirmation-sigv2.json"));
  REQUIRE(ended.has_value());
  CHECK(ended->type == SnsType::unsubscribe_confirmation);
}

TEST_CASE("a member that SNS would not write so refuses the post") {
  CHECK_FALSE(is_refused(sound()));
  const json::value wrong[] = {nullptr,
                               7,
                               true,
                               "",
                               "a\nb",
                               "a\x1f"
                               "b",
                               json::string("a\0b", 3),
                               json::string(2049, 'x'),
                               json::array{"Notification"},
                               json::object{{"Type", "Notification"}}};
  for (const char* name : {"Type",
                           "MessageId",
                           "TopicArn",
                           "Timestamp",
                           "SignatureVersion",
                           "Signature",
                           "SigningCertURL"}) {
    CAPTURE(name);
    json::object without = sound();
    without.erase(name);
    CHECK(is_refused(without));
    for (const auto& value : wrong) {
      CAPTURE(json::serialize(value));
      json::object members = sound();
      members[name] = value;
      CHECK(is_refused(members));
    }
  }
  for (const auto& value : wrong) {
    CAPTURE(json::serialize(value));
    for (const char* name : {"Token", "SubscribeURL"}) {
      json::object members = SnsSigner::subscription();
      members["Signature"] = "c2lnbmF0dXJl";
      CHECK_FALSE(is_refused(members));
      members[name] = value;
      CHECK(is_refused(members));
    }
    json::object members = sound();
    members["Subject"] = value;
    CHECK(is_refused(members) == !value.is_null());
  }
}

TEST_CASE("a post that is no message of SNS is refused") {
  for (const std::string_view body :
       {"",
        "null",
        "[]",
        "{}",
        "{",
        "Successfully validated SNS topic for Amazon SES event publishing.",
        R"({"Type":"Notification"})",
        R"({"eventType":"Send"})",
        "\xFF\xFE{}"}) {
    CAPTURE(body);
    CHECK_FALSE(parse_sns_message(body).has_value());
  }
  for (const char* type : {"notification", "Notification ", "SubscriptionConfirmed", "Publish"}) {
    json::object members = sound();
    members["Type"] = type;
    CHECK(is_refused(members));
  }
  json::object members = sound();
  members["Message"] = json::object{{"eventType", "Send"}};
  CHECK(is_refused(members));
}

TEST_CASE("a post is read up to its bounds and not beyond") {
  json::object members = sound();
  members["Message"] = "";
  const std::size_t rest = json::serialize(members).size();
  members["Message"] = std::string(feedback::longest_sns_post - rest, 'm');
  CHECK_FALSE(is_refused(members));
  members["Message"] = std::string(feedback::longest_sns_post - rest + 1, 'm');
  CHECK(is_refused(members));

  const auto nested = [](std::size_t levels) {
    json::object deep = sound();
    json::value inner = json::object{};
    for (std::size_t i = 1; i < levels; ++i) inner = json::object{{"in", inner}};
    deep["MessageAttributes"] = inner;
    return is_refused(deep);
  };
  CHECK_FALSE(nested(7));
  CHECK(nested(8));
}

TEST_CASE("what SQS carries is read as it is or out of a notification, signed or not") {
  const auto bodies = [](const std::string& name) {
    std::vector<std::string> found;
    const json::value answer = json::parse(sample(name));
    for (const auto& message : answer.at("Messages").as_array())
      found.emplace_back(message.at("Body").as_string());
    return found;
  };
  std::size_t events = 0;
  for (const auto& name : {"sqs-receive-message-response-raw-delivery.json",
                           "sqs-receive-message-response-sns-envelope.json"}) {
    for (const auto& body : bodies(name)) {
      CAPTURE(body);
      const auto reading = feedback::read_queued(body);
      CHECK_FALSE(std::holds_alternative<feedback::Unreadable>(reading));
      events += std::holds_alternative<feedback::Event>(reading) ? 1 : 0;
    }
  }
  CHECK(events >= 2);
  CHECK(std::holds_alternative<feedback::Event>(feedback::read_queued(
      R"({"Type":"Notification","Message":"{\"eventType\":\"Send\",\"mail\":{\"timestamp\":\"2026-09-14T09:30:15Z\",\"messageId\":\"m\"}}"})")));
  CHECK(std::holds_alternative<feedback::Event>(
      feedback::read_queued(sample("eventbridge-email-bounced.json"))));
  CHECK(std::holds_alternative<feedback::Setup>(
      feedback::read_queued(sample("sns-notification-topic-validation-not-json.json"))));
  CHECK(std::holds_alternative<feedback::Setup>(
      feedback::read_queued("Successfully validated SNS topic for Amazon SES event publishing.")));
}

TEST_CASE("what SQS carries and is no event is unreadable") {
  for (const std::string& body : {std::string(),
                                  std::string("{}"),
                                  std::string(R"({"Type":"Notification"})"),
                                  std::string(R"({"Type":"Notification","Message":7})"),
                                  std::string(R"({"Type":"Notification","Message":"Hello"})"),
                                  sample("sns-subscription-confirmation-sigv2.json"),
                                  std::string(feedback::longest_event + 1, ' ')}) {
    CAPTURE(body.substr(0, 100));
    CHECK(std::holds_alternative<feedback::Unreadable>(feedback::read_queued(body)));
  }
}
