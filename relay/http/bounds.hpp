#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace http {

// Bounds of what may be asked, which the commands keep to as well.

inline constexpr std::size_t most_ordered_ids = 1000;  ///< queue ids in one order
inline constexpr std::int64_t most_listed = 1000;      ///< of one page of a list
inline constexpr std::size_t most_imported = 1000;     ///< addresses in one import
inline constexpr std::size_t most_asked_of_ses = 20;   ///< addresses taken off SES's list at once
inline constexpr std::size_t longest_sns_post = std::size_t{320} * 1024;
inline constexpr std::size_t longest_pem = std::size_t{16} * 1024;
inline constexpr std::size_t longest_sentence = 500;  ///< why an app is blocked
inline constexpr std::chrono::seconds longest_override = std::chrono::hours(24 * 365);
inline constexpr std::int64_t heaviest = 1000;  ///< weight of an app
inline constexpr std::chrono::seconds longest_age = std::chrono::hours(24 * 3650);
inline constexpr std::chrono::seconds longest_drain = std::chrono::hours(1);

}  // namespace http
