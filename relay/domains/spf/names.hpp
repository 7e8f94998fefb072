#pragma once

#include <string>
#include <string_view>

namespace domains::spf {

/// True when DNS can be asked for it: 253 octets at most, labels of 1 to 63, no last dot, of
/// printable ASCII without capitals and without what the text form of names gives a meaning
/// (backslash, quote, at sign ...). Macros make names that are no host names.
[[nodiscard]] bool is_askable(std::string_view name);

/// True for what SPF takes as the domain of a sender (RFC 7208 section 4.3): at least two labels of
/// letters, digits, hyphens and underscores.
[[nodiscard]] bool is_sender_domain(std::string_view domain);

/// As it is asked: lower case, no last dot, and cut from the left, label by label, to 253 octets
/// (RFC 7208 section 7.3).
[[nodiscard]] std::string as_asked(std::string_view name);

}  // namespace domains::spf
