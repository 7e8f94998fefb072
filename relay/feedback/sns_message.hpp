#pragma once

#include "mail/result.hpp"
#include "relay/feedback/event_reader.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace feedback {

/// Octets of a post of SNS: 256 KiB of message, each quotation mark in it escaped.
inline constexpr std::size_t longest_sns_post = std::size_t{512} * 1024;

enum class SnsType : std::uint8_t {
  notification,
  subscription_confirmation,
  unsubscribe_confirmation
};
[[nodiscard]] std::string_view word(SnsType type) noexcept;  ///< as SNS writes it

/// A message of SNS as it posts it. In none of its texts but `message` is a control character.
struct SnsMessage {
  SnsType type{};
  std::string message_id, topic_arn, message;
  std::optional<std::string> subject;  ///< of a notification, where it has one
  std::string token, subscribe_url;    ///< of the two confirmations
  std::string timestamp;               ///< as it came: it is signed so
  WallTime at{};                       ///< the same
  std::string signature_version, signature, signing_cert_url;
};

/// Reads a post, and believes nothing of it: see sns_signature.hpp. The failure says what is wrong
/// with it and quotes nothing.
[[nodiscard]] mail::Result<SnsMessage> parse_sns_message(std::string_view body);

/// The octets that SNS signs.
[[nodiscard]] std::string string_to_sign(const SnsMessage& message);

/// Reads the body of a message of SQS: what SES published, as it is (raw delivery) or in a
/// notification of SNS. No signature is asked for, because only whom the queue's policy lets may
/// write to the queue.
[[nodiscard]] Reading read_queued(std::string_view body);

}  // namespace feedback
