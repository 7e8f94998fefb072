#pragma once

#include <cstddef>
#include <optional>
#include <string>

namespace domains::spf {

/// Memory the child may take beyond what its program maps by itself. Not limited under sanitizers:
/// their shadow memory is larger than any limit.
inline constexpr std::size_t child_memory = std::size_t{64} * 1024 * 1024;
/// Seconds of CPU; the kernel kills beyond.
inline constexpr unsigned child_cpu_seconds = 2;

/// Gives up, for this process and for good, everything that evaluating SPF over descriptor 0 does
/// not need: other descriptors, privileges, core files, memory and CPU beyond the limits, system
/// calls off a short list (the process is killed at the first). Says why when it could not; the
/// process must not read a stranger's octet then.
[[nodiscard]] std::optional<std::string> confine();

}  // namespace domains::spf
