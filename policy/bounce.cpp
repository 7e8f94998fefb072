#include "policy/bounce.hpp"

#include <algorithm>
#include <cstddef>

namespace policy {
namespace {

constexpr std::array<std::string_view, 7> class_words{
    "mailbox", "policy", "unspecific", "ses-list", "soft", "content", "auto-reply"};
static_assert(class_words.size() == bounce_classes.size());

constexpr std::string_view global_list = "Suppressed";

/// An enhanced status code (RFC 3463 2): class, subject, detail.
struct StatusCode {
  int kind;
  int subject;
  int detail;
};

constexpr bool digit(char c) noexcept { return c >= '0' && c <= '9'; }
constexpr bool type_character(char c) noexcept {
  return digit(c) || c == '-' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
constexpr bool blank(char c) noexcept { return c == ' ' || c == '\t'; }

void skip_blanks(std::string_view& text) noexcept {
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
}

/// Takes one to three digits off the front.
std::optional<int> take_number(std::string_view& text) noexcept {
  constexpr std::size_t most_digits = 3;
  int number = 0;
  std::size_t taken = 0;
  for (; taken < text.size() && digit(text[taken]); ++taken) {
    if (taken == most_digits) return std::nullopt;
    number = number * 10 + (text[taken] - '0');
  }
  if (taken == 0) return std::nullopt;
  text.remove_prefix(taken);
  return number;
}

bool take(std::string_view& text, char c) noexcept {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

/// The status that a text begins with and that ends there or at something that is no part of it.
std::optional<StatusCode> leading_status(std::string_view text) noexcept {
  skip_blanks(text);
  const auto kind = take_number(text);
  if (!kind || !take(text, '.')) return std::nullopt;
  const auto subject = take_number(text);
  if (!subject || !take(text, '.')) return std::nullopt;
  const auto detail = take_number(text);
  if (!detail || (!text.empty() && text.front() == '.')) return std::nullopt;
  return StatusCode{.kind = *kind, .subject = *subject, .detail = *detail};
}

/// Of `smtp; 550-5.1.1 No such user`: diagnostic type (RFC 3464 2.3.6) and reply code may be
/// missing. Only what stands at the front is the server's status; what follows is anybody's text.
std::optional<StatusCode> status_in(std::string_view diagnostic) noexcept {
  constexpr std::size_t longest_type = 32;
  const std::string_view front = diagnostic.substr(0, longest_type);
  const std::size_t type_end = static_cast<std::size_t>(
      std::find_if_not(front.begin(), front.end(), type_character) - front.begin());
  if (front.substr(type_end).starts_with(';')) diagnostic.remove_prefix(type_end + 1);
  skip_blanks(diagnostic);
  if (const auto bare = leading_status(diagnostic)) return bare;
  if (!take_number(diagnostic)) return std::nullopt;
  if (!take(diagnostic, '-') && !take(diagnostic, ' ')) return std::nullopt;
  return leading_status(diagnostic);
}

std::optional<StatusCode> status_of(const BounceReport& report) noexcept {
  const auto status = leading_status(report.status);
  const bool says_something = status && (status->subject != 0 || status->detail != 0);
  if (says_something) return status;
  const auto found = status_in(report.diagnostic);
  return found ? found : status;
}

bool ses_list(std::string_view subtype) noexcept {
  return subtype.find("Suppress") != std::string_view::npos || subtype == "UnsubscribedRecipient";
}

BounceClass classify_permanent(const BounceReport& report) noexcept {
  if (ses_list(report.subtype)) return BounceClass::ses_list;
  if (report.subtype == "NoEmail") return BounceClass::mailbox;
  const auto status = status_of(report);
  if (!status || status->kind != 5) return BounceClass::unspecific;
  const bool sender_fault = status->subject == 1 && (status->detail == 7 || status->detail == 8);
  if (sender_fault || status->subject == 7) return BounceClass::policy;
  if (status->subject == 1 || (status->subject == 2 && status->detail == 1))
    return BounceClass::mailbox;
  return BounceClass::unspecific;
}

BounceClass classify_transient(const BounceReport& report) noexcept {
  if (report.subtype == "MessageTooLarge" || report.subtype == "ContentRejected" ||
      report.subtype == "AttachmentRejected")
    return BounceClass::content;
  const bool explained = !report.status.empty() || !report.diagnostic.empty();
  return report.subtype == "General" && !explained ? BounceClass::auto_reply : BounceClass::soft;
}

}  // namespace

BounceClass classify_bounce(const BounceReport& report) noexcept {
  if (report.type == "Permanent") return classify_permanent(report);
  if (report.type == "Transient") return classify_transient(report);
  return BounceClass::soft;
}

bool counted_by_aws(const BounceReport& report) noexcept {
  return report.type == "Permanent" && (report.subtype == global_list || !ses_list(report.subtype));
}

bool counted_by_aws(const ComplaintReport& report) noexcept {
  return report.subtype != "OnAccountSuppressionList" && report.feedback_type != "not-spam";
}

std::string_view word(BounceClass bounce) noexcept {
  return class_words[static_cast<std::size_t>(bounce)];
}

std::optional<BounceClass> bounce_class_of(std::string_view word) noexcept {
  const auto found = std::find(class_words.begin(), class_words.end(), word);
  if (found == class_words.end()) return std::nullopt;
  return static_cast<BounceClass>(found - class_words.begin());
}

}  // namespace policy
