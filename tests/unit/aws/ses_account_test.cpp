#include "relay/aws/ses_account.hpp"

#include <doctest/doctest.h>

#include <string>

using aws::Enforcement;

TEST_CASE("an account is read as SES tells it, whatever else it tells") {
  const auto account = aws::parse_account(
      R"({"DedicatedIpAutoWarmupEnabled":false,"EnforcementStatus":"HEALTHY",)"
      R"("ProductionAccessEnabled":false,"SendingEnabled":true,"VdmAttributes":{"a":[1]},)"
      R"("SendQuota":{"Max24HourSend":200.0,"MaxSendRate":1.0,"SentLast24Hours":3,"New":null}})");
  REQUIRE(account.has_value());
  CHECK(account->enforcement == Enforcement::healthy);
  CHECK(!account->production_access);
  CHECK(account->sending_enabled);
  CHECK(account->max_in_24_hours == 200);
  CHECK(account->max_rate == 1);
  CHECK(account->sent_in_24_hours == 3);
}

TEST_CASE("a quota of -1 is none, and a standing of a later SES unknown") {
  const auto account = aws::parse_account(
      R"({"EnforcementStatus":"PAROLE","ProductionAccessEnabled":true,"SendingEnabled":true,)"
      R"("SendQuota":{"Max24HourSend":-1,"MaxSendRate":1e2,"SentLast24Hours":0}})");
  REQUIRE(account.has_value());
  CHECK(account->enforcement == Enforcement::unknown);
  CHECK(!account->max_in_24_hours);
  CHECK(account->max_rate == 100);
}

TEST_CASE("an answer that is no account is a failure that names what is strange") {
  const struct {
    std::string json, named;
  } rows[] = {
      {"", "no JSON object"},
      {"[]", "no JSON object"},
      {std::string(100, '['), "no JSON object"},
      {"{}", "ProductionAccessEnabled"},
      {R"({"ProductionAccessEnabled":1,"SendingEnabled":true,"SendQuota":{}})",
       "ProductionAccessEnabled"},
      {R"({"ProductionAccessEnabled":true,"SendQuota":{}})", "SendingEnabled"},
      {R"({"ProductionAccessEnabled":true,"SendingEnabled":true})", "SendQuota"},
      {R"({"ProductionAccessEnabled":true,"SendingEnabled":true,"SendQuota":7})", "SendQuota"},
      {R"({"ProductionAccessEnabled":true,"SendingEnabled":true,"SendQuota":{"MaxSendRate":1}})",
       "SendQuota.Max24HourSend"},
      {R"({"EnforcementStatus":5,"ProductionAccessEnabled":true,"SendingEnabled":true})",
       "EnforcementStatus"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.json);
    const auto account = aws::parse_account(row.json);
    REQUIRE(!account.has_value());
    CHECK(account.error().sentence().find(row.named) != std::string::npos);
  }
}

TEST_CASE("a standing's word is SES's in small letters") {
  CHECK(aws::word(Enforcement::healthy) == "healthy");
  CHECK(aws::word(Enforcement::probation) == "probation");
  CHECK(aws::word(Enforcement::shutdown) == "shutdown");
  CHECK(aws::word(Enforcement::unknown) == "unknown");
}
