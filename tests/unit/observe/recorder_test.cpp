#include "relay/observe/recorder.hpp"

#include "captured.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using policy::EventKind;

namespace {

struct Fixture {
  Captured captured;
  observe::Log log{{.rules = {.level = config::LogLevel::debug},
                    .descriptor = captured.descriptor(),
                    .gather = 1ms}};
  observe::Metrics metrics{"0"};
  observe::Recorder recorder{log, metrics};

  // The counters and counts that are not 0.
  std::vector<std::string> counted() {
    std::vector<std::string> samples;
    std::istringstream stream(metrics.text());
    for (std::string line; std::getline(stream, line);) {
      const bool counts =
          !line.starts_with('#') && !line.ends_with(" 0") &&
          (line.find("_total") != std::string::npos || line.find("_count ") != std::string::npos);
      if (counts) samples.push_back(line);
    }
    return samples;
  }

  std::vector<std::string> logged() {
    log.flush();
    return captured.lines();
  }
};

policy::Event event(EventKind kind) {
  policy::Event event;
  event.kind = kind;
  event.at = std::chrono::system_clock::time_point(1'800'000'000s);
  event.queue_id = "0ABCDEFGHJKMN";
  event.app = "shop";
  event.domain = "example.com";
  return event;
}

}  // namespace

TEST_SUITE("relay/observe/recorder") {
  TEST_CASE_FIXTURE(Fixture, "each kind of event has its level, one line, and its metrics") {
    struct Row {
      EventKind kind;
      std::string level;
      std::vector<std::string> samples;
    };
    const Row rows[] = {
        {EventKind::accepted,
         "info",
         {"postern_messages_accepted_total{app=\"shop\",domain=\"example.com\"} 1",
          "postern_smtp_transaction_seconds_count 1"}},
        {EventKind::in_doubt, "debug", {}},
        {EventKind::sent, "info", {"postern_delivery_seconds_count 1"}},
        {EventKind::deferred, "info", {}},
        {EventKind::held, "warning", {}},
        {EventKind::released, "info", {}},
        {EventKind::settled, "info", {"postern_in_doubt_total{outcome=\"settled\"} 1"}},
        {EventKind::repeated,
         "info",
         {"postern_duplicates_total{app=\"shop\"} 1", "postern_smtp_transaction_seconds_count 1"}},
        {EventKind::expired, "warning", {}},
        {EventKind::dropped, "info", {}},
        {EventKind::superseded, "info", {}},
        {EventKind::resent, "warning", {"postern_in_doubt_total{outcome=\"resent\"} 1"}},
        {EventKind::failed, "warning", {}},
        {EventKind::throttled, "warning", {"postern_upstream_throttled_total 1"}},
        {EventKind::quarantined, "error", {"postern_internal_errors_total 1"}},
    };
    for (const Row& row : rows) {
      Fixture each;
      observe::Circumstances circumstances;
      circumstances.took = 2ms;
      each.recorder.record(event(row.kind), circumstances);
      const auto lines = each.logged();
      CAPTURE(policy::word(row.kind));
      REQUIRE(lines.size() == 1);
      CHECK(lines.front().find(" " + row.level + " event=" + std::string(policy::word(row.kind))) !=
            std::string::npos);
      CHECK(lines.front().find(" seconds=0.002000") != std::string::npos);
      CHECK(each.counted() == row.samples);
    }
  }

  TEST_CASE_FIXTURE(Fixture, "a hold that settles a doubt is counted among the doubts") {
    observe::Circumstances circumstances;
    circumstances.was_in_doubt = true;
    recorder.record(event(EventKind::held), circumstances);
    CHECK(counted() == std::vector<std::string>{"postern_in_doubt_total{outcome=\"held\"} 1"});
  }

  TEST_CASE_FIXTURE(Fixture,
                    "a refusal counts by app and reason; a wrong credential refuses no message") {
    policy::Event refusal = event(EventKind::refused);
    refusal.reason = policy::Reason::attachment;
    recorder.record(refusal);
    refusal.reason = policy::Reason::auth_failed;
    recorder.record(refusal);
    CHECK(counted() == std::vector<std::string>{
                           "postern_messages_refused_total{app=\"shop\",reason=\"attachment\"} 1"});
    CHECK(logged().size() == 2);
  }

  TEST_CASE_FIXTURE(Fixture, "the line has the circumstances that are known, addresses masked") {
    observe::Circumstances known;
    known.peer = "192.0.2.1";
    known.reverse_path = "anna@example.com";
    known.forward_path = "bob@example.org";
    known.recipients = 2;
    known.size = 4096;
    known.message_id = "<1@example.com>";
    known.upstream_id = "0100";
    known.attempts = 3;
    recorder.record(event(EventKind::sent), known);
    const auto lines = logged();
    REQUIRE(lines.size() == 1);
    CHECK(lines.front().ends_with(
        "peer=192.0.2.1 from=a***@example.com to=b***@example.org recipients=2 size=4096 "
        "message_id=<1@example.com> upstream_id=0100 attempts=3"));
  }

  TEST_CASE_FIXTURE(Fixture, "an internal error is counted and said as an error") {
    recorder.internal_error("bad thing", "session");
    CHECK(counted() == std::vector<std::string>{"postern_internal_errors_total 1"});
    const auto lines = logged();
    REQUIRE(lines.size() == 1);
    CHECK(lines.front().find(" error message=\"Internal error: please report it.\" where=session "
                             "what=\"bad thing\"") != std::string::npos);
  }
}
