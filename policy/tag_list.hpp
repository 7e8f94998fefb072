#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace policy {

/// One `name=value` of a tag list (RFC 6376 3.2), white space around both cut off. A piece without
/// `=` has no name.
struct Tag {
  std::string name;
  std::string value;
};

/// Reads leniently: whatever stands between semicolons, empty pieces left out.
[[nodiscard]] std::vector<Tag> read_tags(std::string_view text);

/// The first tag of that name, or null.
[[nodiscard]] const Tag* find_tag(const std::vector<Tag>& tags, std::string_view name) noexcept;

/// Without blanks, tabs and line ends.
[[nodiscard]] std::string without_white_space(std::string_view text);

}  // namespace policy
