#pragma once

#include "relay/spool/entry.hpp"
#include "relay/spool/queue_id.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace feedback {

using WallTime = spool::WallTime;

/// What SES tells about a message. `unknown`: a type of a later SES, known by its word alone.
enum class EventType : std::uint8_t {
  send,
  delivery,
  bounce,
  complaint,
  reject,
  delivery_delay,
  open,
  click,
  rendering_failure,
  subscription,
  unknown
};

/// Which of SES's two ways of telling it came by: a configuration set's event publishing (SNS,
/// EventBridge), or an identity's feedback notifications, which carry no tags.
enum class Family : std::uint8_t { event_publishing, notification };

enum class BounceType : std::uint8_t { permanent, transient, undetermined, unknown };

enum class BounceSubtype : std::uint8_t {
  general,
  no_email,
  suppressed,  ///< on SES's global list
  on_account_suppression_list,
  on_tenant_suppression_list,
  email_validation_suppressed,
  unsubscribed_recipient,
  mailbox_full,
  message_too_large,
  content_rejected,
  attachment_rejected,
  custom_timeout_exceeded,
  undetermined,
  unknown
};

/// Why a recipient complained (RFC 5965 7.3). `none`: there was no feedback report.
enum class ComplaintKind : std::uint8_t {
  none,
  abuse,
  auth_failure,
  fraud,
  not_spam,
  other,
  virus,
  unknown
};

// As SES writes them; of `unknown` that word. From a fixed list: fit to be a metric's label.
[[nodiscard]] std::string_view word(EventType type) noexcept;
[[nodiscard]] std::string_view word(BounceType type) noexcept;
[[nodiscard]] std::string_view word(BounceSubtype subtype) noexcept;
[[nodiscard]] std::string_view word(ComplaintKind kind) noexcept;

/// Whether SES gives the subtype with this type, or it is unknown: eighteen pairs in all, so that a
/// counter by both stays small whatever is sent.
[[nodiscard]] bool goes_with(BounceSubtype subtype, BounceType type) noexcept;

inline constexpr std::size_t most_event_recipients = 1000;
inline constexpr std::size_t longest_event_detail = 500;  ///< octets

/// A recipient that an event is about.
struct Recipient {
  std::string address;     ///< as policy::Address has it, without display name; at most 320 octets
  std::string status;      ///< `5.1.1` (RFC 3463), empty if SES gave none
  std::string diagnostic;  ///< one line of foreign text, addresses taken out; empty if none
};

struct Bounce {
  BounceType type{};
  BounceSubtype subtype{};
  std::string type_word, subtype_word;  ///< as they came
};

struct Complaint {
  ComplaintKind kind{};
  std::string kind_word, subtype_word;  ///< as they came; empty if absent
};

/// An event of SES. All text in it is foreign, on one line and bounded; escape it like any other.
struct Event {
  EventType type{};
  Family family{};
  std::string type_word;   ///< as it came
  WallTime at{};           ///< of the event itself, or `sent_at` where it has no time
  WallTime sent_at{};      ///< when SES accepted the message
  std::string message_id;  ///< of SES, as in its `250 Ok`; 1 to 128 printable octets
  std::optional<spool::QueueId> queue_id;  ///< the tag `postern_id`
  std::string relay;                       ///< the tag `postern_relay`; empty if none
  /// Whom a bounce, complaint, delivery or delay is about; of other events none.
  std::vector<Recipient> recipients;
  std::size_t destinations = 0;        ///< recipients that the message had
  std::optional<Bounce> bounce;        ///< of a bounce alone
  std::optional<Complaint> complaint;  ///< of a complaint alone
  std::string feedback_id;             ///< of a bounce or complaint
  std::string detail;                  ///< for the timeline: what happened, without any address
  /// Tells it from another of its type about the same message; octets, for fingerprint().
  std::string distinction;
};

/// The same for an event that came twice, by several ways or in both families; otherwise another.
[[nodiscard]] spool::Fingerprint fingerprint(const Event& event);

}  // namespace feedback
