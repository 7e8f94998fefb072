#pragma once

#include <optional>
#include <string_view>

/// What betrays a file in octets that call themselves text or an image.
namespace policy::mime {

/// What kind of file the octets begin as ("a PDF file"), white space and a byte order mark in front
/// left out of account.
[[nodiscard]] std::optional<std::string_view> file_signature(std::string_view octets) noexcept;

/// The image type whose signature the octets begin with: "image/png", "image/gif", "image/jpeg",
/// "image/webp".
[[nodiscard]] std::optional<std::string_view> image_type(std::string_view octets) noexcept;

/// A file written into text: a uuencoded block (also begin-base64), yEnc or BinHex, with its
/// beginning, data and end.
[[nodiscard]] std::optional<std::string_view> encoded_block(std::string_view text) noexcept;

/// True for a binary attachment inside an iCalendar text (RFC 5545 3.8.1.1).
[[nodiscard]] bool calendar_carries_file(std::string_view text);

}  // namespace policy::mime
