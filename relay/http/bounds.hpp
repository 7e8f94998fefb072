#pragma once

#include <chrono>
#include <cstddef>

namespace http {

// Bounds of what may be asked, which the commands keep to as well.

inline constexpr std::size_t most_ordered_ids = 1000;  ///< queue ids in one order
inline constexpr std::chrono::seconds longest_age = std::chrono::hours(24 * 3650);
inline constexpr std::chrono::seconds longest_drain = std::chrono::hours(1);

}  // namespace http
