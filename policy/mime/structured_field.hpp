#pragma once

#include <string>
#include <string_view>
#include <vector>

/// Field bodies with parameters: Content-Type (RFC 2045 5.1) and Content-Disposition (RFC 2183),
/// with the continuations and charsets of RFC 2231. Read leniently, because readers of mail do:
/// what any of them could take for a parameter is one, and a parameter given twice is listed twice,
/// which GMime's own reader would hide.
namespace policy::mime {

struct Parameter {
  std::string name;   ///< lower case, without the `*`, `*0`, `*0*` of RFC 2231
  std::string value;  ///< pieces joined, percent signs decoded, encoded words as they are
};

struct StructuredField {
  std::string value;  ///< what stands before the first semicolon, lower case, trimmed
  std::vector<Parameter> parameters;

  /// The values of every parameter of that name which are not blank.
  [[nodiscard]] std::vector<std::string> values_of(std::string_view name) const;
};

/// Reads one unfolded field body. Comments are read as text: call without_comments before, where
/// they are not.
[[nodiscard]] StructuredField read_structured_field(std::string_view unfolded);

/// The text without its comments (RFC 5322 3.2.2), each replaced by a space; comments that are not
/// closed and parentheses in quoted strings stay.
[[nodiscard]] std::string without_comments(std::string_view text);

/// How often `name=` or `filename=` stands in the text in any form, inside quotes and comments too.
/// More often than there are such parameters: some reader sees a file name that others do not.
[[nodiscard]] std::size_t mentions_of_name(std::string_view text) noexcept;

/// "type/subtype" from the front of a Content-Type value, or empty where none can be read.
[[nodiscard]] std::string media_type(std::string_view value);

}  // namespace policy::mime
