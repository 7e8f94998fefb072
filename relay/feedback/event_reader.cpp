#include "relay/feedback/event_reader.hpp"

#include "policy/timestamp.hpp"
#include "relay/feedback/event_text.hpp"
#include "relay/net/fingerprint.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace feedback {
namespace {

namespace json = boost::json;

constexpr std::size_t longest_word = 64;  ///< of a type, a status, a tag
constexpr std::size_t longest_id = 128;

std::string_view view(const json::string& text) { return {text.data(), text.size()}; }

/// A member that is a text; empty where it is missing or something else.
std::string_view text_of(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  const json::string* text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? std::string_view() : view(*text);
}

std::string word_of(const json::object& object, std::string_view name) {
  return one_line(text_of(object, name), longest_word);
}

/// A member that is an object; one without members where it is missing or something else.
const json::object& object_of(const json::object& object, std::string_view name) {
  static const json::object none;
  const json::value* value = object.if_contains(name);
  const json::object* inner = value == nullptr ? nullptr : value->if_object();
  return inner == nullptr ? none : *inner;
}

/// The enumerator of a word of SES's. `unknown` is the last of each.
template <class Enum>
Enum named(std::string_view text) {
  for (std::uint8_t i = 0; i < static_cast<std::uint8_t>(Enum::unknown); ++i)
    if (word(static_cast<Enum>(i)) == text) return static_cast<Enum>(i);
  return Enum::unknown;
}

/// Under which name a record has what belongs to its type alone, and the recipients in there.
struct Payload {
  std::string_view name, recipients;
};

Payload payload_of(EventType type) {
  switch (type) {
    case EventType::send:
      return {"send", {}};
    case EventType::delivery:
      return {"delivery", "recipients"};
    case EventType::bounce:
      return {"bounce", "bouncedRecipients"};
    case EventType::complaint:
      return {"complaint", "complainedRecipients"};
    case EventType::reject:
      return {"reject", {}};
    case EventType::delivery_delay:
      return {"deliveryDelay", "delayedRecipients"};
    case EventType::open:
      return {"open", {}};
    case EventType::click:
      return {"click", {}};
    case EventType::rendering_failure:
      return {"failure", {}};
    case EventType::subscription:
      return {"subscription", {}};
    case EventType::unknown:
      break;
  }
  return {};
}

/// A tag of the message, given once: the relay gives each of its own once.
std::string_view tag_of(const json::object& mail, std::string_view name) {
  const json::value* value = object_of(mail, "tags").if_contains(name);
  const json::array* values = value == nullptr ? nullptr : value->if_array();
  if (values == nullptr || values->size() != 1) return {};
  const json::string* text = values->front().if_string();
  return text == nullptr ? std::string_view() : view(*text);
}

bool is_printable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; });
}

bool read_mail(const json::object& mail, Event& event) {
  event.message_id = text_of(mail, "messageId");
  const auto sent_at = policy::parse_timestamp(text_of(mail, "timestamp"));
  const std::size_t length = event.message_id.size();
  if (!sent_at || length == 0 || length > longest_id || !is_printable(event.message_id))
    return false;
  event.sent_at = *sent_at;
  event.queue_id = spool::QueueId::parse(tag_of(mail, "postern_id"));
  event.relay = one_line(tag_of(mail, "postern_relay"), longest_word);
  const json::value* destination = mail.if_contains("destination");
  if (destination != nullptr && destination->is_array())
    event.destinations = destination->get_array().size();
  return true;
}

/// A recipient: an address, or an object with one and what became of it.
std::optional<Recipient> read_recipient(const json::value& value) {
  static const json::object bare;
  const json::object* object = value.if_object();
  const json::string* text = value.if_string();
  if (object == nullptr && text == nullptr) return std::nullopt;
  const json::object& fields = object == nullptr ? bare : *object;
  Recipient recipient;
  recipient.address = bare_address(text == nullptr ? text_of(fields, "emailAddress") : view(*text));
  if (recipient.address.empty()) return std::nullopt;
  recipient.status = word_of(fields, "status");
  const std::string line = without_addresses(text_of(fields, "diagnosticCode"));
  recipient.diagnostic = one_line(line, longest_event_detail);
  return recipient;
}

bool read_recipients(const json::object& payload, std::string_view name, Event& event) {
  const json::value* value = payload.if_contains(name);
  const json::array* listed = value == nullptr ? nullptr : value->if_array();
  if (listed == nullptr || listed->size() > most_event_recipients) return false;
  for (const json::value& item : *listed) {
    auto recipient = read_recipient(item);
    if (!recipient) return false;
    event.recipients.push_back(*std::move(recipient));
  }
  return true;
}

void read_bounce(const json::object& payload, Event& event) {
  Bounce bounce;
  bounce.type_word = word_of(payload, "bounceType");
  bounce.subtype_word = word_of(payload, "bounceSubType");
  bounce.type = named<BounceType>(bounce.type_word);
  bounce.subtype = named<BounceSubtype>(bounce.subtype_word);
  event.bounce = std::move(bounce);
}

void read_complaint(const json::object& payload, Event& event) {
  Complaint complaint;
  complaint.kind_word = word_of(payload, "complaintFeedbackType");
  complaint.subtype_word = word_of(payload, "complaintSubType");
  if (!complaint.kind_word.empty()) complaint.kind = named<ComplaintKind>(complaint.kind_word);
  event.complaint = std::move(complaint);
}

/// What the first recipient's server said, and of how many it is one.
std::string first_diagnostic(const Event& event) {
  if (event.recipients.empty()) return {};
  const Recipient& first = event.recipients.front();
  const std::size_t others = event.recipients.size() - 1;
  std::string text = fmt::format(" {} {}", first.status, first.diagnostic);
  if (others != 0) text += fmt::format(" (and {} more)", others);
  return text;
}

std::string describe(const json::object& payload, const Event& event) {
  switch (event.type) {
    case EventType::send:
      return "SES has taken it to send it";
    case EventType::delivery:
      return fmt::format("delivered: {}", text_of(payload, "smtpResponse"));
    case EventType::bounce:
      return fmt::format("bounced: {}/{}{}",
                         event.bounce->type_word,
                         event.bounce->subtype_word,
                         first_diagnostic(event));
    case EventType::complaint:
      return fmt::format(
          "complained: {} {}", word(event.complaint->kind), event.complaint->subtype_word);
    case EventType::reject:
      return fmt::format("rejected: {}", text_of(payload, "reason"));
    case EventType::delivery_delay:
      return fmt::format("delayed: {}{}", text_of(payload, "delayType"), first_diagnostic(event));
    case EventType::open:
      return "opened";
    case EventType::click:
      return "a link in it was clicked";
    case EventType::rendering_failure:
      return fmt::format("not rendered: {}", text_of(payload, "errorMessage"));
    case EventType::subscription:
      return fmt::format("subscription changed: {}", text_of(payload, "source"));
    case EventType::unknown:
      break;
  }
  return fmt::format("SES tells of it: {}", event.type_word);
}

std::string octets(const spool::Fingerprint& fingerprint) {
  return {fingerprint.begin(), fingerprint.end()};
}

/// A bounce and a complaint have an id. A delivery has none but comes in both families, with its
/// time alike in both. All else comes in one family, and is the same when its record is.
std::string distinction_of(const json::object& record, const Event& event) {
  if (!event.feedback_id.empty()) return event.feedback_id;
  switch (event.type) {
    case EventType::bounce:
    case EventType::complaint:
    case EventType::delivery:
      return fmt::format("{}", event.at.time_since_epoch() / std::chrono::milliseconds(1));
    case EventType::send:
    case EventType::reject:
    case EventType::delivery_delay:
    case EventType::open:
    case EventType::click:
    case EventType::rendering_failure:
    case EventType::subscription:
    case EventType::unknown:
      break;
  }
  const std::string text = json::serialize(record);
  const std::string_view whole[] = {text};
  return octets(net::fingerprint(whole));
}

Unreadable unreadable(std::string_view sentence) { return Unreadable{std::string(sentence)}; }

Reading read_record(const json::object& record, Family family, std::string_view type) {
  Event event;
  event.type_word = one_line(type, longest_word);
  event.type = named<EventType>(event.type_word);
  event.family = family;
  if (!read_mail(object_of(record, "mail"), event))
    return unreadable("The event names no message of SES, or not when it was sent.");
  const auto [name, recipients] = payload_of(event.type);
  const json::object& payload = object_of(record, name);
  event.at = policy::parse_timestamp(text_of(payload, "timestamp")).value_or(event.sent_at);
  if (!recipients.empty() && !read_recipients(payload, recipients, event))
    return unreadable("The event has no list of its recipients, or one that cannot be.");
  if (event.type == EventType::bounce) read_bounce(payload, event);
  if (event.type == EventType::complaint) read_complaint(payload, event);
  event.feedback_id = one_line(text_of(payload, "feedbackId"), longest_id);
  event.detail = one_line(without_addresses(describe(payload, event)), longest_event_detail);
  event.distinction = distinction_of(record, event);
  return event;
}

/// What an EventBridge envelope carries, or the record itself.
const json::object& opened(const json::object& record) {
  return text_of(record, "source") == "aws.ses" ? object_of(record, "detail") : record;
}

}  // namespace

Reading read_event(const json::object& envelope) {
  const json::object& record = opened(envelope);
  const std::string_view event_type = text_of(record, "eventType");
  const std::string_view notification = text_of(record, "notificationType");
  if (event_type.empty() == notification.empty())
    return unreadable("It is no event of SES: one has either eventType or notificationType.");
  if (notification == "AmazonSnsSubscriptionSucceeded") return Setup{};
  if (notification.empty()) return read_record(record, Family::event_publishing, event_type);
  return read_record(record, Family::notification, notification);
}

Reading read_event(std::string_view text) {
  if (text.size() > longest_event) return unreadable("It is longer than any event of SES.");
  if (text.starts_with("Successfully validated SNS topic")) return Setup{};
  json::parse_options options;
  options.max_depth = deepest_event;
  json::error_code wrong;
  const json::value value = json::parse(text, wrong, {}, options);
  if (wrong || !value.is_object())
    return unreadable("It is no JSON object, or nested deeper than any event of SES.");
  return read_event(value.get_object());
}

}  // namespace feedback
