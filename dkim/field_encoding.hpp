#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace dkim {

/// RFC 5322 2.1.1: a line without its CRLF; SES refuses longer ones.
inline constexpr std::size_t max_line = 998;
/// RFC 2047 2: a header line that holds encoded words.
inline constexpr std::size_t max_encoded_line = 76;

/// The unfolded value of a field in US-ASCII, encoded as the field's kind asks: display names and
/// comments of address fields and unstructured text by RFC 2047, domains by IDNA, MIME parameters
/// by RFC 2231, what stands in angle brackets of List-*, Message-ID and the like by percent signs.
/// Nothing if an address has no ASCII form, which policy refuses at RCPT or at the end of data.
[[nodiscard]] std::optional<std::string> encode_value(std::string_view lower_name,
                                                      std::string_view value);

/// `field` (name, colon, unfolded value) broken before white space into lines of at most 76 octets
/// where it can be, without the last CRLF. Nothing if a line over max_line is left.
[[nodiscard]] std::optional<std::string> fold(std::string_view field);

}  // namespace dkim
