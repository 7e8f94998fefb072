#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace config {

/// How many insertions, removals, replacements and swaps of neighbours turn one word into the
/// other.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

/// The name most like `word`, or "" when none differs in less than half of its letters.
[[nodiscard]] std::string nearest(std::string_view word, std::span<const std::string> names);

}  // namespace config
