#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace policy {

/// What SES says of a bounce and of one of its recipients; texts as they came, also hostile ones.
struct BounceReport {
  std::string_view type;        ///< bounceType: Permanent, Transient, Undetermined
  std::string_view subtype;     ///< bounceSubType
  std::string_view status;      ///< of the recipient (RFC 3463), may be empty
  std::string_view diagnostic;  ///< diagnosticCode of the recipient, may be empty
};

/// What a bounce says of the address.
enum class BounceClass : std::uint8_t {
  mailbox,     ///< there is no such mailbox, or it takes no mail: for good
  policy,      ///< refused for good for who sends or what is sent
  unspecific,  ///< refused for good without saying why
  ses_list,    ///< not sent at all: refused by SES's list
  soft,        ///< could not be delivered for now, or nobody knows
  content,     ///< refused for its size or content: says nothing of the address
  auto_reply,  ///< delivered, and answered by a program (out of office)
};

/// The class of a bounce. SES's lists are the subtypes that name a suppression, and
/// UnsubscribedRecipient. Of other permanent ones the status decides: mailbox is 5.1.x without the
/// faults of the sender's address (5.1.7, 5.1.8), 5.2.1, and the subtype NoEmail; policy is 5.7.x,
/// 5.1.7 and 5.1.8. A status that is missing or says nothing (5.0.0) is read from the first words
/// of the diagnostic: `smtp; 550-5.1.1 ...`. A transient bounce of SES's subtype General that
/// carries neither status nor diagnostic is an automatic reply. Unknown types are soft.
[[nodiscard]] BounceClass classify_bounce(const BounceReport& report) noexcept;

/// Whether AWS counts it in the account's bounce rate, which Postern's ratios follow: permanent
/// ones, those of the global suppression list (subtype Suppressed) too, but not those that SES held
/// back for a list of the account, the tenant or the contacts, or for its address validation. AWS
/// leaves out recipients at domains verified in the account as well: the caller knows those.
[[nodiscard]] bool counted_by_aws(const BounceReport& report) noexcept;

/// What SES says of a complaint event.
struct ComplaintReport {
  std::string_view subtype;        ///< complaintSubType, mostly empty
  std::string_view feedback_type;  ///< complaintFeedbackType (RFC 5965), may be empty
  std::uint32_t recipients = 0;    ///< how many complainedRecipients names: who may have complained
};

/// Whether it is a complaint: not one that SES answers for its own list (OnAccountSuppressionList),
/// and not the report that a message was taken for spam by mistake (not-spam). One event is one
/// complaint, however many recipients it names.
[[nodiscard]] bool counted_by_aws(const ComplaintReport& report) noexcept;

inline constexpr std::array bounce_classes{BounceClass::mailbox,
                                           BounceClass::policy,
                                           BounceClass::unspecific,
                                           BounceClass::ses_list,
                                           BounceClass::soft,
                                           BounceClass::content,
                                           BounceClass::auto_reply};
[[nodiscard]] std::string_view word(BounceClass bounce) noexcept;
[[nodiscard]] std::optional<BounceClass> bounce_class_of(std::string_view word) noexcept;

}  // namespace policy
