#pragma once

#include "policy/envelope.hpp"
#include "policy/summary.hpp"

#include <span>
#include <string>
#include <string_view>

namespace policy {

/// Whether a text holds an absolute http(s) link whose path contains one of Drupal's one-time
/// log-in paths (`/user/reset/`, `/user/registrationpassword/`) or one of `paths`, under whatever
/// language or base path. What stands behind `?` or `#` is not the path. One pass over the text: of
/// its first 1000 links the first 500 octets.
[[nodiscard]] bool has_urgent_link(std::string_view text,
                                   std::span<const std::string> paths) noexcept;

/// What makes a message one that a person waits for.
struct Urgency {
  bool by_link = false;
  bool by_field = false;
};

/// Of mail to one recipient; mail to several is never urgent.
[[nodiscard]] Urgency urgency(const Summary& summary, const Envelope& envelope) noexcept;

}  // namespace policy
