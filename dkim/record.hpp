#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace dkim {

/// Where a selector's record is published: `p1._domainkey.example.com` (RFC 6376 3.6.2.1).
[[nodiscard]] std::string record_name(std::string_view selector, std::string_view domain);

/// The text of a TXT record as the character-strings that DNS carries it in: at most 255 octets
/// each (RFC 1035 3.3), to be read as one without anything between them (RFC 6376 3.6.2.2).
[[nodiscard]] std::vector<std::string> character_strings(std::string_view text);

}  // namespace dkim
