#include "relay/feedback/event.hpp"

#include "samples.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <map>

using feedback::Event;
using feedback::fingerprint;

namespace {

spool::Fingerprint fingerprint_of(std::string_view record) { return fingerprint(event_of(record)); }

}  // namespace

TEST_CASE("no two sample events have one fingerprint, but the one that EventBridge carries too") {
  std::map<spool::Fingerprint, std::string> seen;
  std::size_t events = 0;
  for (const auto& file : std::filesystem::directory_iterator(POSTERN_SES_EVENTS)) {
    const std::string name = file.path().filename().string();
    if (!name.starts_with("event-") && name != "notification-bounce-dsn-headers.json" &&
        name != "notification-bounce-no-dsn-no-headers.json" &&
        name != "notification-complaint.json" && name != "notification-delivery.json")
      continue;
    ++events;
    const auto [other, is_new] = seen.emplace(fingerprint_of(sample(name)), name);
    CHECK_MESSAGE(is_new, name, " and ", other->second);
  }
  CHECK(events == 29);
  CHECK(seen.at(fingerprint_of(sample("eventbridge-email-bounced.json"))) ==
        "event-bounce-permanent-general.json");
}

TEST_CASE("the same bounce, complaint or delivery in the other family is the same event") {
  struct Row {
    std::string file, one, other;
  };
  const Row rows[] = {
      {"event-bounce-two-recipients.json", "\"eventType\"", "\"notificationType\""},
      {"event-complaint-abuse.json", "\"eventType\"", "\"notificationType\""},
      {"event-delivery.json", "\"eventType\"", "\"notificationType\""},
  };
  for (const auto& row : rows) {
    CAPTURE(row.file);
    const std::string published = sample(row.file);
    std::string notified = replaced(published, row.one, row.other);
    notified = replaced(
        notified, "\"sendingAccountId\"", "\"sourceIp\":\"192.0.2.10\",\"sendingAccountId\"");
    notified = replaced(notified, "\"tags\"", "\"tagged\"");
    CHECK(event_of(notified).family == feedback::Family::notification);
    CHECK(fingerprint_of(notified) == fingerprint_of(published));
  }
}

TEST_CASE("the order and the spelling of the recipients make no other event") {
  const std::string one = sample("event-bounce-two-recipients.json");
  std::string other =
      replaced(one, "\"bob@example.org\",\n        \"action\"", "\"-\",\n        \"action\"");
  other = replaced(other,
                   "\"carol@example.org\",\n        \"action\"",
                   "\"Bob <bob@EXAMPLE.org>\",\n        \"action\"");
  other = replaced(other, "\"-\"", "\"carol@example.org\"");
  CHECK(event_of(other).recipients.front().address == "carol@example.org");
  CHECK(fingerprint_of(other) == fingerprint_of(one));
}

TEST_CASE("events that differ in what makes them differ have different fingerprints") {
  struct Row {
    std::string file, old, by;
  };
  const Row rows[] = {
      {"event-bounce-two-recipients.json", "010001a09f421dd4", "010001a09f421dd5"},
      {"event-bounce-two-recipients.json", "010001a09f40be44", "010001a09f40be45"},
      {"event-bounce-two-recipients.json",
       "\"bob@example.org\",\n        \"action\"",
       "\"dan@example.org\",\n        \"action\""},
      {"event-complaint-no-feedback-report.json",
       "feedbackId\": \"010001a0",
       "feedbackId\": \"010001a1"},
      {"event-delivery.json", "09:30:16.793Z", "09:30:16.794Z"},
      {"event-delivery.json",
       "\"recipients\": [\n      \"alice@",
       "\"recipients\": [\n      \"alicia@"},
      {"event-delivery-delay.json", "09:45:15.482Z", "09:46:15.482Z"},
      {"event-delivery-delay.json", "TransientCommunicationFailure", "MailboxFull"},
      {"event-open.json", "198.51.100.77", "198.51.100.78"},
      {"event-click.json", "user/reset/7", "user/reset/8"},
      {"event-subscription.json", "OptOut", "OptIn"},
      {"event-send.json", "\"Send\"", "\"Sent\""},
      {"event-reject.json", "Bad content", "Worse content"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.file);
    CAPTURE(row.by);
    const std::string one = sample(row.file);
    CHECK(fingerprint_of(one) == fingerprint_of(one));
    CHECK(fingerprint_of(replaced(one, row.old, row.by)) != fingerprint_of(one));
  }
}

TEST_CASE("a bounce without an id of its own is told apart by its time") {
  const std::string one =
      replaced(sample("event-bounce-permanent-general.json"), "\"feedbackId\"", "\"was\"");
  CHECK(event_of(one).feedback_id.empty());
  CHECK(fingerprint_of(one) == fingerprint_of(one));
  CHECK(fingerprint_of(one) != fingerprint_of(replaced(one, "09:30:18.682Z", "09:30:18.683Z")));
}
