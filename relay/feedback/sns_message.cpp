#include "relay/feedback/sns_message.hpp"

#include "policy/timestamp.hpp"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <utility>

namespace feedback {
namespace {

namespace json = boost::json;

constexpr std::size_t deepest_post = 8;  ///< message attributes are the deepest
constexpr std::size_t longest_field = 2048;

std::optional<json::object> parse_object(std::string_view text, std::size_t deepest) {
  json::parse_options options;
  options.max_depth = deepest;
  json::error_code wrong;
  json::value value = json::parse(text, wrong, {}, options);
  if (wrong || !value.is_object()) return std::nullopt;
  return std::move(value.as_object());
}

/// The members of a post, each a text.
class Members {
 public:
  explicit Members(const json::object& object) : object_(object) {}

  /// One of one line; nothing where it is missing, empty or something else.
  [[nodiscard]] std::optional<std::string> line(std::string_view name) const {
    auto found = text(name);
    const auto control = [](char c) { return (c >= 0 && c < ' ') || c == '\x7f'; };
    if (!found || found->empty() || found->size() > longest_field ||
        std::ranges::any_of(*found, control))
      return std::nullopt;
    return found;
  }

  [[nodiscard]] std::optional<std::string> text(std::string_view name) const {
    const json::value* value = object_.if_contains(name);
    const json::string* found = value == nullptr ? nullptr : value->if_string();
    if (found == nullptr) return std::nullopt;
    return std::string(found->data(), found->size());
  }

  [[nodiscard]] bool is_there(std::string_view name) const {
    const json::value* value = object_.if_contains(name);
    return value != nullptr && !value->is_null();
  }

  /// False where a line is not there.
  bool read(std::string_view name, std::string& into) const {
    auto found = line(name);
    if (!found) return false;
    into = *std::move(found);
    return true;
  }

 private:
  const json::object& object_;
};

std::optional<SnsType> type_of(std::string_view text) {
  for (const SnsType type : {SnsType::notification,
                             SnsType::subscription_confirmation,
                             SnsType::unsubscribe_confirmation})
    if (word(type) == text) return type;
  return std::nullopt;
}

bool read_signed(const Members& members, SnsMessage& message) {
  auto text = members.text("Message");
  if (!text || !members.read("MessageId", message.message_id) ||
      !members.read("TopicArn", message.topic_arn) || !members.read("Timestamp", message.timestamp))
    return false;
  message.message = *std::move(text);
  const auto at = policy::parse_timestamp(message.timestamp);
  if (at) message.at = *at;
  return at.has_value();
}

bool read_by_type(const Members& members, SnsMessage& message) {
  if (message.type != SnsType::notification)
    return members.read("Token", message.token) &&
           members.read("SubscribeURL", message.subscribe_url);
  message.subject = members.line("Subject");
  return message.subject || !members.is_there("Subject");
}

bool read_signature(const Members& members, SnsMessage& message) {
  return members.read("SignatureVersion", message.signature_version) &&
         members.read("Signature", message.signature) &&
         members.read("SigningCertURL", message.signing_cert_url);
}

}  // namespace

std::string_view word(SnsType type) noexcept {
  switch (type) {
    case SnsType::notification:
      return "Notification";
    case SnsType::subscription_confirmation:
      return "SubscriptionConfirmation";
    case SnsType::unsubscribe_confirmation:
      return "UnsubscribeConfirmation";
  }
  return {};
}

mail::Result<SnsMessage> parse_sns_message(std::string_view body) {
  if (body.size() > longest_sns_post)
    return mail::failure("The post is longer than any message of SNS.");
  const auto object = parse_object(body, deepest_post);
  if (!object) return mail::failure("The post is no JSON object, or nested too deeply.");
  const Members members(*object);
  const auto type = type_of(members.line("Type").value_or(""));
  if (!type) return mail::failure("The post is of no type of SNS's.");
  SnsMessage message;
  message.type = *type;
  if (!read_signed(members, message) || !read_by_type(members, message) ||
      !read_signature(members, message))
    return mail::failure("The post lacks a member of SNS's, or has one that cannot be.");
  return message;
}

std::string string_to_sign(const SnsMessage& message) {
  std::string text;
  const auto add = [&text](std::string_view name, std::string_view value) {
    text.append(name).append("\n").append(value).append("\n");
  };
  const bool notification = message.type == SnsType::notification;
  add("Message", message.message);
  add("MessageId", message.message_id);
  if (notification && message.subject) add("Subject", *message.subject);
  if (!notification) add("SubscribeURL", message.subscribe_url);
  add("Timestamp", message.timestamp);
  if (!notification) add("Token", message.token);
  add("TopicArn", message.topic_arn);
  add("Type", word(message.type));
  return text;
}

Reading read_queued(std::string_view body) {
  if (body.size() > longest_event) return read_event(body);
  const auto object = parse_object(body, deepest_event);
  if (!object) return read_event(body);
  const Members members(*object);
  const auto type = type_of(members.text("Type").value_or(""));
  if (!type) return read_event(*object);
  if (*type != SnsType::notification)
    return Unreadable{
        "SNS asks whether the queue may be subscribed: subscribe it from the account that owns "
        "it."};
  return read_event(members.text("Message").value_or(""));
}

}  // namespace feedback
