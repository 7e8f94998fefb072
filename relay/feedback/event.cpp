#include "relay/feedback/event.hpp"

#include "relay/net/fingerprint.hpp"

#include <algorithm>

namespace feedback {

std::string_view word(EventType type) noexcept {
  switch (type) {
    case EventType::send:
      return "Send";
    case EventType::delivery:
      return "Delivery";
    case EventType::bounce:
      return "Bounce";
    case EventType::complaint:
      return "Complaint";
    case EventType::reject:
      return "Reject";
    case EventType::delivery_delay:
      return "DeliveryDelay";
    case EventType::open:
      return "Open";
    case EventType::click:
      return "Click";
    case EventType::rendering_failure:
      return "Rendering Failure";
    case EventType::subscription:
      return "Subscription";
    case EventType::unknown:
      break;
  }
  return "unknown";
}

std::string_view word(BounceType type) noexcept {
  switch (type) {
    case BounceType::permanent:
      return "Permanent";
    case BounceType::transient:
      return "Transient";
    case BounceType::undetermined:
      return "Undetermined";
    case BounceType::unknown:
      break;
  }
  return "unknown";
}

std::string_view word(BounceSubtype subtype) noexcept {
  switch (subtype) {
    case BounceSubtype::general:
      return "General";
    case BounceSubtype::no_email:
      return "NoEmail";
    case BounceSubtype::suppressed:
      return "Suppressed";
    case BounceSubtype::on_account_suppression_list:
      return "OnAccountSuppressionList";
    case BounceSubtype::on_tenant_suppression_list:
      return "OnTenantSuppressionList";
    case BounceSubtype::email_validation_suppressed:
      return "EmailValidationSuppressed";
    case BounceSubtype::unsubscribed_recipient:
      return "UnsubscribedRecipient";
    case BounceSubtype::mailbox_full:
      return "MailboxFull";
    case BounceSubtype::message_too_large:
      return "MessageTooLarge";
    case BounceSubtype::content_rejected:
      return "ContentRejected";
    case BounceSubtype::attachment_rejected:
      return "AttachmentRejected";
    case BounceSubtype::custom_timeout_exceeded:
      return "CustomTimeoutExceeded";
    case BounceSubtype::undetermined:
      return "Undetermined";
    case BounceSubtype::unknown:
      break;
  }
  return "unknown";
}

bool goes_with(BounceSubtype subtype, BounceType type) noexcept {
  using enum BounceSubtype;
  switch (subtype) {
    case general:
      return type == BounceType::permanent || type == BounceType::transient;
    case no_email:
    case suppressed:
    case on_account_suppression_list:
    case on_tenant_suppression_list:
    case email_validation_suppressed:
    case unsubscribed_recipient:
      return type == BounceType::permanent;
    case mailbox_full:
    case message_too_large:
    case content_rejected:
    case attachment_rejected:
    case custom_timeout_exceeded:
      return type == BounceType::transient;
    case undetermined:
      return type == BounceType::undetermined;
    case unknown:
      break;
  }
  return true;
}

std::string_view word(ComplaintKind kind) noexcept {
  switch (kind) {
    case ComplaintKind::none:
      return "none";
    case ComplaintKind::abuse:
      return "abuse";
    case ComplaintKind::auth_failure:
      return "auth-failure";
    case ComplaintKind::fraud:
      return "fraud";
    case ComplaintKind::not_spam:
      return "not-spam";
    case ComplaintKind::other:
      return "other";
    case ComplaintKind::virus:
      return "virus";
    case ComplaintKind::unknown:
      break;
  }
  return "unknown";
}

spool::Fingerprint fingerprint(const Event& event) {
  std::vector<std::string_view> texts{event.message_id, event.type_word, event.distinction};
  for (const Recipient& recipient : event.recipients) texts.push_back(recipient.address);
  std::ranges::sort(texts.begin() + 3, texts.end());
  return net::fingerprint(texts);
}

}  // namespace feedback
