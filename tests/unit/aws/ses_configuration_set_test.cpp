#include "relay/aws/ses_configuration_set.hpp"

#include <doctest/doctest.h>

#include <string>

TEST_CASE("a configuration set is read as SES tells it, whatever else it tells") {
  const auto set = aws::parse_configuration_set(
      R"({"ConfigurationSetName":"drupal","SendingOptions":{"SendingEnabled":false},"Tags":[],)"
      R"("VdmOptions":{"DashboardOptions":{"EngagementMetrics":"ENABLED"}},"New":1})");
  REQUIRE(set.has_value());
  CHECK(set->exists);
  CHECK_FALSE(set->sending_enabled);
  CHECK(set->engagement_metrics);
}

TEST_CASE("options that a configuration set does not have leave it sending and untracked") {
  const auto set = aws::parse_configuration_set(R"({"ConfigurationSetName":"drupal"})");
  REQUIRE(set.has_value());
  CHECK(set->sending_enabled);
  CHECK_FALSE(set->engagement_metrics);
}

TEST_CASE("event destinations are read with their types and their topic") {
  const auto found = aws::parse_event_destinations(
      R"({"EventDestinations":[{"Name":"a","Enabled":true,"MatchingEventTypes":["SEND","BOUNCE"],)"
      R"("SnsDestination":{"TopicArn":"arn:aws:sns:eu-west-1:1:t"}},)"
      R"({"Name":"b","MatchingEventTypes":["OPEN"],"CloudWatchDestination":{"x":1}}]})");
  REQUIRE(found.has_value());
  REQUIRE(found->size() == 2);
  CHECK(found->at(0).enabled);
  CHECK(found->at(0).topic_arn == "arn:aws:sns:eu-west-1:1:t");
  CHECK(found->at(0).types == std::set<std::string>{"BOUNCE", "SEND"});
  CHECK(found->at(1).name == "b");
  CHECK_FALSE(found->at(1).enabled);
  CHECK(found->at(1).topic_arn.empty());
}

TEST_CASE("an answer that is strange is refused, and the member named") {
  for (const char* text :
       {"",
        "[]",
        "{}",
        R"({"EventDestinations":{}})",
        R"({"EventDestinations":[1]})",
        R"({"EventDestinations":[{"Name":"a b"}]})",
        R"({"EventDestinations":[{"Name":"a","MatchingEventTypes":"SEND"}]})",
        R"({"EventDestinations":[{"Name":"a","SnsDestination":{"TopicArn":"x"}}]})"}) {
    CAPTURE(text);
    const auto found = aws::parse_event_destinations(text);
    REQUIRE_FALSE(found.has_value());
    CHECK(found.error().sentence().find('`') != std::string_view::npos);
  }
  CHECK_FALSE(
      aws::parse_configuration_set(R"({"SendingOptions":{"SendingEnabled":"no"}})").has_value());
}

TEST_CASE("more event destinations than SES allows are refused") {
  const auto many = [](std::size_t count) {
    std::string text = R"({"EventDestinations":[{"Name":"a"})";
    for (std::size_t i = 1; i < count; ++i) text += R"(,{"Name":"a"})";
    return text + "]}";
  };
  CHECK(aws::parse_event_destinations(many(aws::max_event_destinations)).has_value());
  CHECK_FALSE(aws::parse_event_destinations(many(aws::max_event_destinations + 1)).has_value());
}

TEST_CASE("the name of a configuration set has letters, digits, - and _, 64 at most") {
  CHECK(aws::is_configuration_set("drupal_2-A"));
  CHECK(aws::is_configuration_set(std::string(64, 'a')));
  for (const std::string& name : {std::string(), std::string(65, 'a'), std::string("a/b")}) {
    CAPTURE(name);
    CHECK_FALSE(aws::is_configuration_set(name));
  }
}
