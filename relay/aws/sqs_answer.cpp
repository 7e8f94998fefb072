#include "relay/aws/sqs_answer.hpp"

#include "relay/aws/members.hpp"
#include "relay/aws/service_error.hpp"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace aws {
namespace {

namespace json = boost::json;

const json::array* array_in(const json::value& value, std::string_view name) {
  const json::object* object = value.if_object();
  const json::value* member = object == nullptr ? nullptr : object->if_contains(name);
  return member == nullptr ? nullptr : member->if_array();
}

std::string_view text_in(const json::object& object, std::string_view name) {
  const json::value* member = object.if_contains(name);
  const json::string* text = member == nullptr ? nullptr : member->if_string();
  return text == nullptr ? std::string_view() : view(*text);
}

/// How often a message was received; 1 where it does not say.
unsigned received_count(const json::object& message) {
  const json::value* attributes = message.if_contains("Attributes");
  const json::object* object = attributes == nullptr ? nullptr : attributes->if_object();
  if (object == nullptr) return 1;
  const std::string_view text = text_in(*object, "ApproximateReceiveCount");
  unsigned count = 1;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), count);
  return failed == std::errc() && end == text.data() + text.size() ? count : 1;
}

bool is_no_queue(std::string_view type) {
  return type.find("QueueDoesNotExist") != std::string_view::npos ||
         type.find("NonExistentQueue") != std::string_view::npos || type == "InvalidAddress" ||
         type == "QueueDeletedRecently";
}

bool is_throttled(unsigned status, std::string_view type) {
  return is_throttling(status, type) || type.starts_with("RequestThrottled") ||
         type.starts_with("KmsThrottled") || type.starts_with("OverLimit");
}

bool is_denied(std::string_view type) {
  return type.find("AccessDenied") != std::string_view::npos;  // KmsAccessDenied too
}

}  // namespace

mail::Result<std::vector<SqsMessage>> parse_received(std::string_view text) {
  boost::system::error_code failed;
  const json::value value = json::parse(text, failed);
  if (failed || !value.is_object())
    return mail::failure("SQS answered something that is no JSON object");
  std::vector<SqsMessage> found;
  if (!value.get_object().contains("Messages")) return found;
  const json::array* messages = array_in(value, "Messages");
  if (messages == nullptr || messages->size() > max_batch)
    return mail::failure("SQS answered `Messages` that this version does not understand");
  for (const json::value& one : *messages) {
    const json::object* message = one.if_object();
    if (message == nullptr || text_in(*message, "ReceiptHandle").empty())
      return mail::failure("SQS answered a message without `ReceiptHandle`");
    SqsMessage& read = found.emplace_back();
    read.receipt_handle = text_in(*message, "ReceiptHandle");
    read.body = text_in(*message, "Body");
    read.received = received_count(*message);
  }
  return found;
}

BatchAnswer parse_batch(std::string_view action, std::string_view text) {
  BatchAnswer answer;
  boost::system::error_code failed;
  const json::value value = json::parse(text, failed);
  if (failed || !value.is_object()) {
    answer.answer.sentence = "SQS answered something that is no JSON object";
    return answer;
  }
  answer.answer.outcome = SqsOutcome::done;
  const json::array* failures = array_in(value, "Failed");
  if (failures == nullptr || failures->empty()) return answer;
  answer.failed = std::min(failures->size(), max_batch);
  const json::object* first = failures->front().if_object();
  answer.answer.sentence =
      fmt::format("SQS did not do {} for {} of a batch ({}): they come again",
                  action,
                  answer.failed,
                  first == nullptr ? std::string() : quoted(text_in(*first, "Code")));
  return answer;
}

SqsAnswer classify_sqs(std::string_view action,
                       std::string_view queue_url,
                       unsigned status,
                       std::string_view error_type,
                       std::string_view body) {
  if (status >= 200 && status < 300) return {SqsOutcome::done, {}};
  const ServiceError error = read_error(error_type, body);
  const std::string& type = error.type;
  if (is_no_queue(type))
    return {SqsOutcome::no_queue,
            fmt::format("There is no queue {}: correct `feedback.sqs.queue_url`, and "
                        "`feedback.sqs.region` if it is another's",
                        queue_url)};
  if (is_throttled(status, type))
    return {SqsOutcome::throttled,
            fmt::format("SQS was asked too often ({}): it is asked again later", type)};
  if (is_denied(type))
    return {SqsOutcome::no_rights,
            fmt::format("The relay's AWS credentials do not allow {0} ({1}): add {0} on the queue "
                        "to the policy of their IAM user or role",
                        action,
                        error.message)};
  if (is_about_credentials(status, type))
    return {SqsOutcome::no_rights, unusable_credentials(error)};
  if (status >= 400 && status < 500 && !type.empty())
    return {SqsOutcome::refused,
            fmt::format("SQS refused {} ({}): {}", action, type, error.message)};
  return {SqsOutcome::unreachable,
          fmt::format("SQS answered {} to {}: it is asked again later; if that stays so, check "
                      "`feedback.sqs.queue_url` and `feedback.sqs.endpoint`",
                      status,
                      action)};
}

}  // namespace aws
