#include "dkim/header_policy.hpp"

#include <algorithm>

namespace dkim {
namespace {

template <std::size_t N>
using Names = std::array<std::string_view, N>;

constexpr Names<8> removed = {"bcc",
                              "bounces-to",
                              "dkim-signature",
                              "domainkey-signature",
                              "errors-to",
                              "feedback-id",
                              "resent-bcc",
                              "return-path"};

constexpr Names<60> once = {"accept-language",
                            "acceptlanguage",
                            "archived-at",
                            "auto-submitted",
                            "bounces-to",
                            "comments",
                            "content-alternative",
                            "content-base",
                            "content-class",
                            "content-description",
                            "content-disposition",
                            "content-duration",
                            "content-id",
                            "content-language",
                            "content-length",
                            "content-location",
                            "content-md5",
                            "content-transfer-encoding",
                            "content-type",
                            "date",
                            "delivered-to",
                            "disposition-notification-options",
                            "disposition-notification-to",
                            "dkim-signature",
                            "domainkey-signature",
                            "errors-to",
                            "from",
                            "importance",
                            "in-reply-to",
                            "keywords",
                            "list-archive",
                            "list-help",
                            "list-id",
                            "list-owner",
                            "list-post",
                            "list-subscribe",
                            "list-unsubscribe",
                            "list-unsubscribe-post",
                            "message-context",
                            "message-id",
                            "mime-version",
                            "organization",
                            "original-from",
                            "original-message-id",
                            "original-recipient",
                            "original-subject",
                            "precedence",
                            "priority",
                            "references",
                            "reply-to",
                            "return-path",
                            "return-receipt-to",
                            "sender",
                            "sensitivity",
                            "solicitation",
                            "subject",
                            "thread-index",
                            "thread-topic",
                            "user-agent",
                            "vbr-info"};

constexpr Names<14> covered = {"auto-submitted",
                               "cc",
                               "content-transfer-encoding",
                               "content-type",
                               "from",
                               "in-reply-to",
                               "list-unsubscribe",
                               "list-unsubscribe-post",
                               "mime-version",
                               "references",
                               "reply-to",
                               "sender",
                               "subject",
                               "to"};

template <std::size_t N>
constexpr bool contains(const Names<N>& names, std::string_view name) noexcept {
  return std::binary_search(names.begin(), names.end(), name);
}

static_assert(std::is_sorted(removed.begin(), removed.end()));
static_assert(std::is_sorted(once.begin(), once.end()));
static_assert(std::is_sorted(covered.begin(), covered.end()));

}  // namespace

bool removed_on_release(std::string_view lower_name) noexcept {
  return contains(removed, lower_name) || lower_name.starts_with("x-ses-") ||
         lower_name.starts_with("x-postern-");
}

bool once_only(std::string_view lower_name) noexcept { return contains(once, lower_name); }

bool covered_by_signature(std::string_view lower_name) noexcept {
  return contains(covered, lower_name);
}

}  // namespace dkim
