#pragma once

#include <cstdint>

namespace policy {

/// How many standard deviations above the mean a normal variable stays below with probability
/// `confidence`, 0.5 to 1 (outside: the nearest that can be answered): 0.99 gives 2.326. To 1e-6.
[[nodiscard]] double normal_quantile(double confidence) noexcept;

/// The share that `events` of `trials` prove at least, one-sided, by Wilson's score interval: the
/// smallest true share from which so many are no surprise at `z` standard deviations. 0 without
/// trials. More events than trials (one that came for mail nobody counted) are taken as all.
[[nodiscard]] double wilson_lower_bound(std::uint64_t events,
                                        std::uint64_t trials,
                                        double z) noexcept;

}  // namespace policy
