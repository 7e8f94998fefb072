#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace policy::mime {

/// The body parts between the delimiters of one multipart.
struct Split {
  std::vector<std::string_view> parts;  ///< header section and body of each
  /// Lines that begin like the delimiter and go on, each once, trimmed: RFC 2046 lets readers take
  /// them for one.
  std::set<std::string_view> near_misses;
};

inline constexpr std::size_t max_near_misses =
    250;  ///< more than a message can have delimiters; later ones are left out

/// Cuts a multipart body at its delimiters, at most `most` parts. One pass over the octets.
[[nodiscard]] Split split_at_delimiters(std::string_view body,
                                        std::string_view boundary,
                                        std::size_t most);

}  // namespace policy::mime
