#include "relay/doctor/judge.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace doctor {
namespace {

using namespace std::chrono_literals;

const WallTime now{20'000 * 24h};

aws::AccountAnswer healthy() {
  aws::AccountAnswer answered;
  answered.answer.outcome = aws::Outcome::done;
  answered.account.enforcement = aws::Enforcement::healthy;
  answered.account.production_access = answered.account.sending_enabled = true;
  answered.account.max_in_24_hours = 1000;
  return answered;
}

aws::ConfigurationSetAnswer complete() {
  aws::ConfigurationSetAnswer answered;
  answered.answer.outcome = aws::Outcome::done;
  answered.set.exists = true;
  answered.set.destinations = {{"events",
                                true,
                                "arn:aws:sns:eu-west-1:1:events",
                                {"SEND", "DELIVERY", "BOUNCE", "COMPLAINT"}}};
  return answered;
}

/// Those that are not ok, as lines.
std::vector<std::string> wrong(const Findings& findings, Grade grade) {
  std::vector<std::string> lines;
  for (const Finding& finding : findings) {
    if (finding.grade == Grade::ok) continue;
    CHECK(finding.grade == grade);
    CHECK_FALSE(finding.mend.empty());
    lines.push_back(line_of(finding));
  }
  return lines;
}

void check_one(const Findings& findings, Grade grade, std::string_view words) {
  const auto lines = wrong(findings, grade);
  REQUIRE(lines.size() == 1);
  CAPTURE(lines.front());
  CHECK(lines.front().find(words) != std::string::npos);
}

}  // namespace

TEST_SUITE("relay/doctor/judge_ses") {
  TEST_CASE("a healthy account out of the sandbox is well") {
    const Findings findings = judge_account("eu-west-1", healthy());
    CHECK(findings.size() == 3);
    CHECK(wrong(findings, Grade::ok).empty());
  }

  TEST_CASE("each trouble of the account has its line") {
    struct Row {
      const char* words;
      Grade grade;
      void (*change)(aws::AccountAnswer&);
    };
    const Row rows[] = {
        {"paused", Grade::bad, [](auto& told) { told.account.sending_enabled = false; }},
        {"shut it down",
         Grade::bad,
         [](auto& told) { told.account.enforcement = aws::Enforcement::shutdown; }},
        {"under review",
         Grade::warn,
         [](auto& told) { told.account.enforcement = aws::Enforcement::probation; }},
        {"sandbox", Grade::warn, [](auto& told) { told.account.production_access = false; }},
        {"800 of 1000", Grade::warn, [](auto& told) { told.account.sent_in_24_hours = 800; }},
        {"ses:GetAccount",
         Grade::bad,
         [](auto& told) {
           told.answer = {aws::Outcome::no_rights, "add ses:GetAccount"};
         }},
        {"HTTPS",
         Grade::bad,
         [](auto& told) {
           told.answer = {aws::Outcome::unreachable, "no answer"};
         }},
    };
    for (const Row& row : rows) {
      CAPTURE(row.words);
      aws::AccountAnswer answered = healthy();
      row.change(answered);
      check_one(judge_account("eu-west-1", answered), row.grade, row.words);
    }
  }

  TEST_CASE("the clock is judged by SES's, with or without rights") {
    using namespace std::chrono_literals;
    const struct {
      std::chrono::seconds ahead;
      Grade grade;
      const char* words;
    } rows[] = {
        {30s, Grade::ok, ""},
        {-30s, Grade::ok, ""},
        {31s, Grade::warn, "clock eu-west-1: it is 31 s ahead of SES's"},
        {-299s, Grade::warn, "299 s behind SES's"},
        {300s, Grade::bad, "300 s ahead of SES's: from 300 s on AWS refuses what we sign"},
        {-87600h, Grade::bad, "behind"},
    };
    for (const auto& row : rows) {
      CAPTURE(row.ahead.count());
      aws::AccountAnswer answered = healthy();
      answered.clock_ahead = row.ahead;
      const Findings findings = judge_account("eu-west-1", answered);
      CHECK(findings.size() == 4);
      if (row.grade == Grade::ok) {
        CHECK(wrong(findings, row.grade).empty());
      } else {
        check_one(findings, row.grade, row.words);
      }
      answered.answer = {aws::Outcome::refused, "The signature is expired"};
      CHECK(judge_account("eu-west-1", answered).size() == 2);
    }
  }

  TEST_CASE("a configuration set whose events settle doubts is well") {
    const Findings findings = judge_configuration_set("drupal", "eu-west-1", complete(), true);
    CHECK(findings.size() == 2);
    CHECK(wrong(findings, Grade::ok).empty());
  }

  TEST_CASE("each trouble of the configuration set has its line") {
    struct Row {
      const char* words;
      Grade grade;
      void (*change)(aws::ConfigurationSet&);
    };
    const Row rows[] = {
        {"does not know it", Grade::bad, [](auto& set) { set = {}; }},
        {"sending is disabled", Grade::bad, [](auto& set) { set.sending_enabled = false; }},
        {"Take Open and Click out of events",
         Grade::bad,
         [](auto& set) { set.destinations.front().types.insert("OPEN"); }},
        {"Take Open and Click out of events",
         Grade::bad,
         [](auto& set) { set.destinations.front().types.insert("CLICK"); }},
        {"engagement", Grade::bad, [](auto& set) { set.engagement_metrics = true; }},
        {"grade none", Grade::bad, [](auto& set) { set.destinations.clear(); }},
        {"grade none", Grade::bad, [](auto& set) { set.destinations.front().enabled = false; }},
        {"grade none", Grade::bad, [](auto& set) { set.destinations.front().topic_arn.clear(); }},
        {"bounces only",
         Grade::warn,
         [](auto& set) {
           set.destinations.front().types = {"BOUNCE", "COMPLAINT"};
         }},
    };
    for (const Row& row : rows) {
      CAPTURE(row.words);
      aws::ConfigurationSetAnswer answered = complete();
      row.change(answered.set);
      check_one(
          judge_configuration_set("drupal", "eu-west-1", answered, true), row.grade, row.words);
    }
  }

  TEST_CASE("events that nobody reads are missed only as a warning") {
    aws::ConfigurationSetAnswer answered = complete();
    answered.set.destinations.clear();
    check_one(
        judge_configuration_set("drupal", "eu-west-1", answered, false), Grade::warn, "grade none");
  }

  TEST_CASE("tracking by a destination that is disabled changes no body") {
    aws::ConfigurationSetAnswer answered = complete();
    answered.set.destinations.push_back({"opens", false, "", {"OPEN"}});
    CHECK(wrong(judge_configuration_set("drupal", "eu-west-1", answered, true), Grade::ok).empty());
  }

  TEST_CASE("the feed is well when its queue is read and an event came within a day") {
    feedback::SqsStanding queue;
    queue.last_success = now - 5s;
    queue.last_event = now - 23h;
    CHECK(judge_feed({false, queue}, now).grade == Grade::ok);
  }

  TEST_CASE("a feed by SNS is well when a post brought an event within a day, whatever reads") {
    CHECK(judge_feed({true, std::nullopt, now - 23h}, now).grade == Grade::ok);
    feedback::SqsStanding silent;
    silent.last_success = now;
    silent.last_event = now - 25h;
    CHECK(judge_feed({true, silent, now - 1s}, now).grade == Grade::ok);
  }

  TEST_CASE("each trouble of the feed has its line") {
    feedback::SqsStanding fresh, broken, shared, silent;
    broken.last_error = "the queue does not exist";
    shared.last_success = silent.last_success = now;
    shared.last_of_other_relay = now - 59min;
    silent.last_event = now - 25h;
    check_one({judge_feed({}, now)}, Grade::warn, "no event of SES is read");
    check_one({judge_feed({false, fresh}, now)}, Grade::warn, "not been read yet");
    check_one({judge_feed({false, broken}, now)}, Grade::bad, "does not exist");
    check_one({judge_feed({false, shared}, now)}, Grade::warn, "several readers");
    check_one({judge_feed({false, silent}, now)}, Grade::warn, "no event has come");
    check_one({judge_feed({true, std::nullopt}, now)}, Grade::warn, "no post of SNS");
    check_one({judge_feed({true, std::nullopt, now - 25h}, now)}, Grade::warn, "no post of SNS");
  }
}

}  // namespace doctor
