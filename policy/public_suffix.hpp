#pragma once

#include <string>
#include <string_view>

namespace policy {

/// Whether names below `domain` (lower-case A-label) belong to different owners, so that nobody can
/// own it: com, co.uk, github.io (the public suffix list, by libpsl).
[[nodiscard]] bool is_public_suffix(std::string_view domain);

/// The name right below the public suffix (RFC 7489 3.2): example.co.uk of a.b.example.co.uk. The
/// name itself when it is a public suffix.
[[nodiscard]] std::string organizational_domain(std::string_view domain);

}  // namespace policy
