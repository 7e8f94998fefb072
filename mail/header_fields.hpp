#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mail {

/// One header field (RFC 5322 2.2) as views into the message's octets.
struct Field {
  std::string_view raw;  ///< the whole field: name, colon, folded value, closing CRLF if it has one
  std::string_view name;  ///< as written, white space before the colon cut off (lenient readers do)
  std::string_view value;  ///< what follows the colon, still folded, without the closing CRLF
};

/// Why a header section cannot be read in one way only.
enum class HeaderFault {
  no_field_name,    ///< a line without a field name, or a name with other than printable US-ASCII
  too_many_fields,  ///< over max_header_fields
  too_long,         ///< over max_header_octets
};

inline constexpr std::size_t max_header_octets = std::size_t{64} * 1024;
inline constexpr std::size_t max_header_fields = 500;

/// The header section of a message or of a body part: its fields in order, and where the body
/// starts.
struct HeaderSection {
  std::vector<Field> fields;
  std::size_t body_offset = 0;  ///< octets of fields and the empty line
  std::optional<HeaderFault> fault;
  std::string_view fault_line;  ///< the line or name that is at fault, at most one line

  /// The first field of that name (ASCII, without case), or null.
  [[nodiscard]] const Field* find(std::string_view name) const noexcept;
  [[nodiscard]] std::vector<const Field*> find_all(std::string_view name) const;
};

/// Reads the header section at the start of `octets` (CRLF line ends; a bare LF is taken as one
/// too, so that damaged mail can still be described). One reader for policy and for signing: what
/// was judged is what is signed. The first fault is noted. A line without a field name is left out,
/// so that what follows it is still read; at the other faults reading stops and `body_offset` is
/// the end of what was read.
[[nodiscard]] HeaderSection read_header_section(std::string_view octets);

/// Removes the line breaks of folding (RFC 5322 2.2.3) and trims white space at both ends.
[[nodiscard]] std::string unfold(std::string_view value);

[[nodiscard]] std::string_view trim(std::string_view text) noexcept;
[[nodiscard]] bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept;
[[nodiscard]] bool starts_with_ignoring_case(std::string_view text,
                                             std::string_view prefix) noexcept;
[[nodiscard]] std::string to_lower(std::string_view text);  ///< US-ASCII letters only

}  // namespace mail
