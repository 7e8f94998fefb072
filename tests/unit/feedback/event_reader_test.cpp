#include "relay/feedback/event_reader.hpp"

#include "samples.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <chrono>

using namespace std::chrono_literals;
using feedback::BounceSubtype;
using feedback::BounceType;
using feedback::ComplaintKind;
using feedback::Event;
using feedback::EventType;
using feedback::Family;
using feedback::read_event;
using feedback::Setup;
using feedback::Unreadable;

namespace {

std::string recipients_of(const Event& event) {
  std::string all;
  for (const auto& recipient : event.recipients)
    all += fmt::format("{}{} {}", all.empty() ? "" : ", ", recipient.address, recipient.status);
  return all;
}

std::string refusal_of(std::string_view record) {
  const auto reading = read_event(record);
  const auto* unreadable = std::get_if<Unreadable>(&reading);
  return unreadable == nullptr ? "" : unreadable->sentence;
}

/// A record of event publishing about the message `m-1`, sent at half past nine.
std::string record(std::string_view type, std::string_view payload) {
  return fmt::format(
      R"({{"eventType":"{}","mail":{{"timestamp":"2026-09-14T09:30:15.482Z","messageId":"m-1",)"
      R"("destination":["a@example.org"]}}{}}})",
      type,
      payload);
}

std::string bounce(std::string_view members) {
  return record("Bounce", fmt::format(R"(,"bounce":{{{}}})", members));
}

}  // namespace

TEST_CASE("every sample event is read in full") {
  struct Row {
    std::string file;
    EventType type;
    std::chrono::milliseconds later;  ///< than the message was sent
    std::string recipients;
    std::size_t destinations;
    std::string detail;
  };
  const Row rows[] = {
      {"event-send", EventType::send, 0ms, "", 1, "SES has taken it to send it"},
      {"event-delivery",
       EventType::delivery,
       1311ms,
       "alice@example.net ",
       1,
       "delivered: 250 2.0.0 OK: queued as 4XbQ1k0r6bz9rxK"},
      {"event-delivery-one-of-two-recipients",
       EventType::delivery,
       2040ms,
       "bob@example.org ",
       2,
       "delivered: 250 Ok: accepted for delivery"},
      {"event-bounce-permanent-general",
       EventType::bounce,
       3200ms,
       "bob@example.org 5.1.1",
       1,
       "bounced: Permanent/General 5.1.1 smtp; 550 5.1.1 user unknown"},
      {"event-bounce-permanent-multiline-diagnostic",
       EventType::bounce,
       3200ms,
       "bob@example.org 5.1.1",
       1,
       "bounced: Permanent/General 5.1.1 smtp; 550-5.1.1 The email account that you tried to reach "
       "does not exist. Please try 550-5.1.1 double-checking the recipient address for typos or "
       "550 5.1.1 unnecessary spaces."},
      {"event-bounce-permanent-noemail",
       EventType::bounce,
       3200ms,
       "bob@example.org 5.1.1",
       1,
       "bounced: Permanent/NoEmail 5.1.1 smtp; 550 5.1.1 <address>: Recipient address rejected: "
       "User unknown in virtual mailbox table"},
      {"event-bounce-permanent-suppressed-global",
       EventType::bounce,
       3200ms,
       "suppressionlist@simulator.amazonses.com 5.1.1",
       1,
       "bounced: Permanent/Suppressed 5.1.1 Amazon SES has suppressed sending to this address "
       "because it has a recent history of bouncing as an invalid address."},
      {"event-bounce-permanent-onaccountsuppressionlist",
       EventType::bounce,
       3200ms,
       "bob@example.org 5.1.1",
       1,
       "bounced: Permanent/OnAccountSuppressionList 5.1.1 Amazon SES did not send the message to "
       "this address because it is on the suppression list for your account."},
      {"event-bounce-permanent-ontenantsuppressionlist",
       EventType::bounce,
       3200ms,
       "bob@example.org 5.1.1",
       1,
       "bounced: Permanent/OnTenantSuppressionList 5.1.1 Amazon SES did not send the message to "
       "this address because it is on the suppression list for your tenant."},
      {"event-bounce-permanent-emailvalidationsuppressed",
       EventType::bounce,
       3200ms,
       "bob@example.org 5.1.1",
       1,
       "bounced: Permanent/EmailValidationSuppressed 5.1.1 Amazon SES did not send the message "
       "because the address did not meet the configured validation threshold."},
      {"event-bounce-transient-mailboxfull",
       EventType::bounce,
       3200ms,
       "bob@example.org 5.2.2",
       1,
       "bounced: Transient/MailboxFull 5.2.2 smtp; 552 5.2.2 mailbox full"},
      {"event-bounce-transient-general-autoreply",
       EventType::bounce,
       3200ms,
       "ooto@simulator.amazonses.com ",
       1,
       "bounced: Transient/General"},
      {"event-bounce-transient-general-expired-840min",
       EventType::bounce,
       14h + 5s,
       "bob@example.org 4.4.7",
       1,
       "bounced: Transient/General 4.4.7 smtp; 554 4.4.7 Message expired: unable to deliver in 840 "
       "minutes.<421 4.4.0 Unable to lookup DNS for example.org>"},
      {"event-bounce-transient-customtimeoutexceeded",
       EventType::bounce,
       1h,
       "bob@example.org 4.4.7",
       1,
       "bounced: Transient/CustomTimeoutExceeded 4.4.7 smtp; 554 4.4.7 Message expired: unable to "
       "deliver in the time specified by the sender. <421 4.4.1 Unable to connect>"},
      {"event-bounce-two-recipients",
       EventType::bounce,
       3200ms,
       "bob@example.org 5.1.1, carol@example.org 5.0.0",
       3,
       "bounced: Permanent/General 5.1.1 smtp; 550 5.1.1 user unknown (and 1 more)"},
      {"event-bounce-undetermined",
       EventType::bounce,
       3200ms,
       "bob@example.org ",
       1,
       "bounced: Undetermined/Undetermined"},
      {"event-complaint-abuse",
       EventType::complaint,
       24h,
       "alice@example.net ",
       1,
       "complained: abuse"},
      {"event-complaint-no-feedback-report",
       EventType::complaint,
       25h,
       "bob@example.org , carol@example.org ",
       3,
       "complained: none"},
      {"event-complaint-onaccountsuppressionlist",
       EventType::complaint,
       1100ms,
       "alice@example.net ",
       1,
       "complained: none OnAccountSuppressionList"},
      {"event-reject", EventType::reject, 0ms, "", 1, "rejected: Bad content"},
      {"event-open", EventType::open, 10min, "", 1, "opened"},
      {"event-click", EventType::click, 11min, "", 1, "a link in it was clicked"},
      {"event-rendering-failure",
       EventType::rendering_failure,
       0ms,
       "",
       1,
       "not rendered: Attribute 'name' is not present in the rendering data."},
      {"event-delivery-delay",
       EventType::delivery_delay,
       15min,
       "bob@example.org 4.4.1",
       1,
       "delayed: TransientCommunicationFailure 4.4.1 smtp; 421 4.4.1 Unable to connect to remote "
       "host"},
      {"event-subscription",
       EventType::subscription,
       20min,
       "",
       1,
       "subscription changed: UnsubscribeHeader"},
      {"eventbridge-email-bounced",
       EventType::bounce,
       3200ms,
       "bob@example.org 5.1.1",
       1,
       "bounced: Permanent/General 5.1.1 smtp; 550 5.1.1 user unknown"},
      {"notification-bounce-dsn-headers",
       EventType::bounce,
       2500ms,
       "bob@example.org 5.1.1",
       2,
       "bounced: Permanent/General 5.1.1 smtp; 550 5.1.1 <address>... User unknown"},
      {"notification-bounce-no-dsn-no-headers",
       EventType::bounce,
       2500ms,
       "bob@example.org , carol@example.org ",
       3,
       "bounced: Permanent/General (and 1 more)"},
      {"notification-complaint",
       EventType::complaint,
       1h + 1s,
       "alice@example.net ",
       1,
       "complained: abuse"},
      {"notification-delivery",
       EventType::delivery,
       546ms,
       "alice@example.net ",
       1,
       "delivered: 250 ok: Message 64111812 accepted"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.file);
    const Event event = event_of(sample(row.file + ".json"));
    CHECK(event.type == row.type);
    CHECK(event.type_word == word(row.type));
    CHECK((event.family == Family::notification) == row.file.starts_with("notification"));
    CHECK(event.sent_at == moment("2026-09-14T09:30:15.482Z"));
    CHECK(event.at - event.sent_at == row.later);
    CHECK(event.message_id.starts_with("010001a09f40be"));
    CHECK(event.message_id.size() == 60);
    CHECK(recipients_of(event) == row.recipients);
    CHECK(event.destinations == row.destinations);
    CHECK(event.detail == row.detail);
    CHECK(event.bounce.has_value() == (row.type == EventType::bounce));
    CHECK(event.complaint.has_value() == (row.type == EventType::complaint));
    CHECK(event.feedback_id.starts_with("010001a09f421d") ==
          (event.bounce.has_value() || event.complaint.has_value()));
  }
}

TEST_CASE("bounces and complaints of the samples have their types") {
  const Event bounced = event_of(sample("event-bounce-permanent-onaccountsuppressionlist.json"));
  CHECK(bounced.bounce->type == BounceType::permanent);
  CHECK(bounced.bounce->subtype == BounceSubtype::on_account_suppression_list);
  const Event full = event_of(sample("event-bounce-transient-mailboxfull.json"));
  CHECK(full.bounce->type == BounceType::transient);
  CHECK(full.bounce->subtype == BounceSubtype::mailbox_full);
  const Event abuse = event_of(sample("event-complaint-abuse.json"));
  CHECK(abuse.complaint->kind == ComplaintKind::abuse);
  CHECK(abuse.complaint->subtype_word.empty());
  const Event listed = event_of(sample("event-complaint-onaccountsuppressionlist.json"));
  CHECK(listed.complaint->kind == ComplaintKind::none);
  CHECK(listed.complaint->subtype_word == "OnAccountSuppressionList");
}

TEST_CASE("each word of SES for a bounce or a complaint is known, and any other is kept") {
  for (int i = 0; i < static_cast<int>(BounceType::unknown); ++i) {
    const auto type = static_cast<BounceType>(i);
    const auto text = fmt::format(R"("bounceType":"{}","bouncedRecipients":[])", word(type));
    CHECK(event_of(bounce(text)).bounce->type == type);
  }
  for (int i = 0; i < static_cast<int>(BounceSubtype::unknown); ++i) {
    const auto subtype = static_cast<BounceSubtype>(i);
    const auto text = fmt::format(R"("bounceSubType":"{}","bouncedRecipients":[])", word(subtype));
    CHECK(event_of(bounce(text)).bounce->subtype == subtype);
  }
  const Event odd = event_of(
      bounce(R"("bounceType":"Odd\u0007","bounceSubType":"unknown","bouncedRecipients":[])"));
  CHECK(odd.bounce->type == BounceType::unknown);
  CHECK(odd.bounce->type_word == "Odd");
  CHECK(odd.bounce->subtype == BounceSubtype::unknown);
  CHECK(odd.bounce->subtype_word == "unknown");
  for (const auto& [text, kind] : {std::pair("auth-failure", ComplaintKind::auth_failure),
                                   std::pair("fraud", ComplaintKind::fraud),
                                   std::pair("not-spam", ComplaintKind::not_spam),
                                   std::pair("other", ComplaintKind::other),
                                   std::pair("virus", ComplaintKind::virus),
                                   std::pair("opt-out", ComplaintKind::unknown)}) {
    const Event event = event_of(record(
        "Complaint",
        fmt::format(R"(,"complaint":{{"complaintFeedbackType":"{}","complainedRecipients":[]}})",
                    text)));
    CHECK(event.complaint->kind == kind);
    CHECK(event.complaint->kind_word == text);
  }
}

TEST_CASE("an event of a type that is not known yet is kept with its word") {
  const Event event = event_of(record("Read\\tReceipt", R"(,"readReceipt":{"score":7})"));
  CHECK(event.type == EventType::unknown);
  CHECK(event.type_word == "Read Receipt");
  CHECK(event.message_id == "m-1");
  CHECK(event.at == event.sent_at);
  CHECK(event.detail == "SES tells of it: Read Receipt");
  CHECK(event_of(record(std::string(500, 'x'), "")).type_word.size() == 64);
  CHECK(event_of(record("unknown", "")).type == EventType::unknown);
}

TEST_CASE("what SES writes when it is set up is no event") {
  CHECK(std::holds_alternative<Setup>(
      read_event(sample("notification-subscription-succeeded.json"))));
  CHECK(std::holds_alternative<Setup>(
      read_event("Successfully validated SNS topic for Amazon SES event publishing.")));
}

TEST_CASE("the tags say which message of which relay it was, given once each") {
  const auto tagged = [](std::string_view tags) {
    return event_of(replaced(
        record("Send", ""), R"("messageId")", fmt::format(R"("tags":{},"messageId")", tags)));
  };
  const Event event =
      tagged(R"({"postern_id":["01ARZ3NDEKTSV"],"postern_relay":["relay-a"],"other":["x"]})");
  REQUIRE(event.queue_id);
  CHECK(event.queue_id->text() == "01ARZ3NDEKTSV");
  CHECK(event.relay == "relay-a");
  for (const std::string_view tags :
       {R"({"postern_id":["01ARZ3NDEKTSV","01ARZ3NDEKTSV"],"postern_relay":["a","b"]})",
        R"({"postern_id":[],"postern_relay":[]})",
        R"({"postern_id":"01ARZ3NDEKTSV","postern_relay":"a"})",
        R"({"postern_id":[7],"postern_relay":[{}]})",
        R"({"postern_id":["01J7R8Z3M5Q2"]})",
        R"({})",
        R"(null)",
        R"([])"}) {
    CAPTURE(tags);
    CHECK_FALSE(tagged(tags).queue_id);
    CHECK(tagged(tags).relay.empty());
  }
}

TEST_CASE("a record that names no message, no time or no recipients where it must is unreadable") {
  const std::string rows[] = {
      "",
      "null",
      "[]",
      "{}",
      "{",
      "Hello",
      R"("Successfully")",
      R"({"eventType":"Send"})",
      R"({"eventType":"Send","mail":[]})",
      R"({"eventType":7,"mail":{"timestamp":"2026-09-14T09:30:15Z","messageId":"m"}})",
      R"({"eventType":"Send","notificationType":"Bounce","mail":{"timestamp":"2026-09-14T09:30:15Z","messageId":"m"}})",
      R"({"detail":{"eventType":"Send","mail":{"timestamp":"2026-09-14T09:30:15Z","messageId":"m"}}})",
      R"({"source":"aws.ses","detail":[]})",
      R"({"eventType":"Send","mail":{"timestamp":"2026-09-14T09:30:15Z"}})",
      R"({"eventType":"Send","mail":{"timestamp":"2026-09-14T09:30:15Z","messageId":""}})",
      R"({"eventType":"Send","mail":{"timestamp":"2026-09-14T09:30:15Z","messageId":"a b"}})",
      R"({"eventType":"Send","mail":{"timestamp":"2026-09-14T09:30:15Z","messageId":"a\u0000b"}})",
      R"({"eventType":"Send","mail":{"timestamp":"2026-09-14T09:30:15Z","messageId":["m"]}})",
      R"({"eventType":"Send","mail":{"messageId":"m"}})",
      R"({"eventType":"Send","mail":{"timestamp":"yesterday","messageId":"m"}})",
      R"({"eventType":"Send","mail":{"timestamp":1789378215,"messageId":"m"}})",
      record("Send", "") + "x",
      record("Bounce", ""),
      bounce(""),
      bounce(R"("bouncedRecipients":null)"),
      bounce(R"("bouncedRecipients":"a@example.org")"),
      bounce(R"("bouncedRecipients":{"emailAddress":"a@example.org"})"),
      bounce(R"("bouncedRecipients":[7])"),
      bounce(R"("bouncedRecipients":[{}])"),
      bounce(R"("bouncedRecipients":[{"emailAddress":""}])"),
      bounce(R"("bouncedRecipients":[{"emailAddress":["a@example.org"]}])"),
      record("Delivery", R"(,"delivery":{"recipients":[null]})"),
      record("Complaint", R"(,"bounce":{"bouncedRecipients":[]})"),
  };
  for (const auto& row : rows) {
    CAPTURE(row);
    CHECK_FALSE(refusal_of(row).empty());
  }
}

TEST_CASE("a record cut off anywhere is unreadable") {
  std::string whole = sample("event-bounce-two-recipients.json");
  whole.resize(whole.find_last_of('}') + 1);
  for (std::size_t length = 0; length < whole.size(); length += 7) {
    CAPTURE(length);
    CHECK_FALSE(refusal_of(std::string_view(whole).substr(0, length)).empty());
  }
}

TEST_CASE("an event is read up to its bounds and not beyond") {
  const auto with_recipients = [](std::size_t count) {
    std::string list;
    for (std::size_t i = 0; i < count; ++i)
      list += fmt::format(R"({}{{"emailAddress":"r{}@example.org"}})", i == 0 ? "" : ",", i);
    return bounce(fmt::format(R"("bouncedRecipients":[{}])", list));
  };
  CHECK(event_of(with_recipients(1000)).recipients.size() == 1000);
  CHECK_FALSE(refusal_of(with_recipients(1001)).empty());

  const auto nested = [](std::size_t levels) {
    return record("Send", ",\"send\":" + std::string(levels, '[') + std::string(levels, ']'));
  };
  CHECK(refusal_of(nested(feedback::deepest_event - 1)).empty());
  CHECK_FALSE(refusal_of(nested(feedback::deepest_event)).empty());
  CHECK_FALSE(refusal_of(std::string(feedback::longest_event, '[')).empty());

  std::string longest = record("Send", "");
  longest.resize(feedback::longest_event, ' ');
  CHECK(refusal_of(longest).empty());
  CHECK_FALSE(refusal_of(longest + " ").empty());

  const auto with_id = [](std::size_t length) {
    return replaced(record("Send", ""), "m-1", std::string(length, 'm'));
  };
  CHECK(event_of(with_id(128)).message_id.size() == 128);
  CHECK_FALSE(refusal_of(with_id(129)).empty());
}

TEST_CASE("texts of an event are bounded lines, and its address is in its place alone") {
  const Event event = event_of(bounce(fmt::format(
      R"("feedbackId":"{0}","bounceType":"{0}","bouncedRecipients":[{{"emailAddress":"Bob <Bob@Example.org>","status":"{0}","diagnosticCode":"x\u0000<Bob@Example.org>\n{0}"}}])",
      std::string(3000, 'y'))));
  CHECK(event.recipients.front().address == "Bob@example.org");
  CHECK(event.recipients.front().status.size() == 64);
  CHECK(event.recipients.front().diagnostic.size() == feedback::longest_event_detail);
  CHECK(event.recipients.front().diagnostic.starts_with("x <address> yyy"));
  CHECK(event.bounce->type_word.size() == 64);
  CHECK(event.feedback_id.size() == 128);
  CHECK(event.detail.size() == feedback::longest_event_detail);
  CHECK(event.detail.find('@') == std::string::npos);
}

TEST_CASE("of a member that comes twice the last counts") {
  const Event event = event_of(
      R"({"eventType":"Bounce","eventType":"Send","mail":{"timestamp":"2026-09-14T09:30:15Z","messageId":"one","messageId":"two"}})");
  CHECK(event.type == EventType::send);
  CHECK(event.message_id == "two");
}

TEST_CASE("the time of an event that has none of its own is that of its message") {
  CHECK(event_of(bounce(R"("timestamp":"soon","bouncedRecipients":[])")).at ==
        moment("2026-09-14T09:30:15.482Z"));
}
