#pragma once

#include "mail/header_fields.hpp"
#include "policy/summary.hpp"

#include <optional>

namespace policy {

/// The header field that marks a newsletter, list mail or a campaign, if there is one: Precedence
/// of bulk, list or junk, List-Id, List-Post, Feedback-ID, X-Campaign…, X-MC-…. List-Unsubscribe
/// alone marks none: notices carry it too.
[[nodiscard]] std::optional<Finding> find_bulk_field(const mail::HeaderSection& header);

}  // namespace policy
