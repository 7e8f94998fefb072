#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// The pieces of a message that GMime reads: transfer encodings, encoded words, charsets. GMime
/// sees one field or one body part at a time, cut out and bounded by our own scan. Safe from any
/// thread.
namespace policy::mime {

/// What a Content-Transfer-Encoding field (RFC 2045 6) makes of a body.
enum class Encoding : std::uint8_t {
  identity,  ///< 7bit, 8bit, binary, absent, and any name that readers do not know
  quoted_printable,
  base64,
  file,  ///< x-uuencode, x-yencode, BinHex: encodings that only files use
};

/// The encoding a field body names; comments and case do not matter.
[[nodiscard]] Encoding encoding_of(std::string_view field_body);

/// The decoded body. Octets outside the encoding's alphabet are skipped, as lenient readers do.
[[nodiscard]] std::string decode(Encoding encoding, std::string_view body);

/// The first octets of a base64 body as a reader sees it that ignores misplaced padding too.
[[nodiscard]] std::string decode_start_of_base64(std::string_view body);

/// Unfolded field text with its encoded words (RFC 2047) decoded, as valid UTF-8.
[[nodiscard]] std::string decode_words(std::string_view text);

/// Text of a charset in which US-ASCII does not look like itself (UTF-16, UTF-7, EBCDIC) as valid
/// UTF-8; nothing for every other charset, whose text can be searched as it is.
[[nodiscard]] std::optional<std::string> to_utf8(std::string_view text, std::string_view charset);

/// Octets that a percent-encoded text (RFC 3986 2.1) stands for; a lone % stays.
[[nodiscard]] std::string decode_percent(std::string_view text);

}  // namespace policy::mime
