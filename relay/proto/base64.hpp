#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace smtp {

/// Base64 with padding and without line breaks (RFC 4648 4), as SASL lines carry it (RFC 4954 4).
[[nodiscard]] std::string base64_encode(std::string_view octets);

/// The octets, or nothing when `text` is not what base64_encode() could have written: another
/// alphabet, white space, missing padding or bits left over.
[[nodiscard]] std::optional<std::string> base64_decode(std::string_view text);

}  // namespace smtp
