#pragma once

#include "mail/result.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aws {

inline constexpr std::size_t max_batch = 10;
/// Of one answer: ten messages of 1 MiB.
inline constexpr std::size_t max_sqs_octets = std::size_t{10} * 1024 * 1024;

/// What came of a call to SQS.
enum class SqsOutcome : std::uint8_t {
  done,
  no_queue,    ///< there is no such queue
  no_rights,   ///< the credentials do not allow it, or there are none
  throttled,   ///< asked too often; later again
  refused,     ///< SQS understood and will not
  unreachable  ///< no answer, or none that says anything
};

struct SqsAnswer {
  SqsOutcome outcome = SqsOutcome::unreachable;
  std::string sentence;  ///< what to do about it; empty when done
};

struct SqsMessage {
  std::string receipt_handle;  ///< deletes or hides this receipt of it
  std::string body;
  unsigned received = 1;  ///< how often it was received, this time included; about
};

struct Received {
  SqsAnswer answer;
  std::vector<SqsMessage> messages;  ///< when done: at most max_batch
};

struct BatchAnswer {
  SqsAnswer answer;
  std::size_t failed = 0;  ///< how many of the batch were not done; of those the sentence tells one
};

struct Hiding {
  Hiding(std::string receipt_handle_, std::chrono::seconds hidden_)
      : receipt_handle(std::move(receipt_handle_)), hidden(hidden_) {}
  std::string receipt_handle;
  std::chrono::seconds hidden;  ///< 0 s to 12 h
};

/// An answer and, when done, its body.
struct SqsReply {
  SqsAnswer answer;
  std::string body;
};

/// Reads the body of a ReceiveMessage answer. A failure says what is strange, and quotes nothing.
[[nodiscard]] mail::Result<std::vector<SqsMessage>> parse_received(std::string_view json);

/// Reads the body of the answer to a batch of `action`.
[[nodiscard]] BatchAnswer parse_batch(std::string_view action, std::string_view json);

/// What a response means. `action` is the IAM action, like `sqs:ReceiveMessage`; `error_type` is
/// the x-amzn-ErrorType header, or empty where the body tells it.
[[nodiscard]] SqsAnswer classify_sqs(std::string_view action,
                                     std::string_view queue_url,
                                     unsigned status,
                                     std::string_view error_type,
                                     std::string_view body);

}  // namespace aws
