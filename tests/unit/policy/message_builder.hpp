#pragma once

#include "policy/evaluate.hpp"

#include <cstddef>
#include <string>
#include <string_view>

/// Messages and facts for the tables: what a row does not say is a plain mail of a site that may
/// send as example.com.
namespace support {

/// The app "site" with the verified domain example.com.
[[nodiscard]] policy::AppFacts site();

/// A message of these header lines (LF or CRLF between them; From is added unless they have one)
/// and this body; every line end becomes CRLF.
[[nodiscard]] std::string message(std::string_view header_lines, std::string_view body);

/// A multipart/mixed of a text and of this part, given as header, empty line and body.
[[nodiscard]] std::string with_part(std::string_view part);

/// A multipart/related of this HTML and of this image part.
[[nodiscard]] std::string related(const std::string& html, const std::string& image);

/// A PNG image part of this many octets, named logo.png, with these further header fields (each
/// with its LF).
[[nodiscard]] std::string png_part(const std::string& fields, std::size_t octets = 100);

/// The word of the reason that refuses the message, or "accept".
[[nodiscard]] std::string verdict_on(std::string_view octets);
[[nodiscard]] std::string verdict_on(std::string_view octets, const policy::AppFacts& app);

[[nodiscard]] std::string base64(std::string_view octets);

inline constexpr std::string_view png{"\x89PNG\r\n\x1A\n\0\0\0\rIHDR", 16};
inline constexpr std::string_view jpeg{"\xFF\xD8\xFF\xE0\0\x10JFIF", 10};

}  // namespace support
