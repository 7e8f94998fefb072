#pragma once

#include "relay/config/keys.hpp"

#include <cstdint>
#include <span>

/// The parts that keys() puts together, a source each; in the order of the documentation.
namespace config::key_table {

inline constexpr std::int64_t minute = 60, hour = 3600, day = 86400;
inline constexpr std::int64_t kib = 1024, mib = 1024 * kib, gib = 1024 * mib;

[[nodiscard]] std::span<const Key> process() noexcept;   ///< keys of the root without a section
[[nodiscard]] std::span<const Key> listen() noexcept;    ///< `listen`, `tls`
[[nodiscard]] std::span<const Key> upstream() noexcept;  ///< `upstream`
[[nodiscard]] std::span<const Key> domains() noexcept;   ///< `dns`, `domains`
[[nodiscard]] std::span<const Key> apps() noexcept;      ///< `apps`
[[nodiscard]] std::span<const Key> policy() noexcept;    ///< `policy`
[[nodiscard]] std::span<const Key> queue() noexcept;  ///< `queue`, `in_doubt`, `retention`, `spool`
[[nodiscard]] std::span<const Key> aws() noexcept;    ///< `aws`, `feedback`
[[nodiscard]] std::span<const Key> operation() noexcept;  ///< `operator`, `log`

}  // namespace config::key_table
