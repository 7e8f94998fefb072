#include "policy/wilson.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace policy {
namespace {

/// The part of a normal distribution above z.
double upper_tail(double z) noexcept { return 0.5 * std::erfc(z / std::numbers::sqrt2); }

double density(double z) noexcept {
  return std::exp(-0.5 * z * z) * std::numbers::inv_sqrtpi / std::numbers::sqrt2;
}

}  // namespace

double normal_quantile(double confidence) noexcept {
  constexpr double smallest_tail = 1e-12;
  const double tail = std::clamp(1.0 - confidence, smallest_tail, 0.5);
  // Abramowitz and Stegun 26.2.23, to 4.5e-4; then two steps of Newton's.
  const double t = std::sqrt(-2.0 * std::log(tail));
  const double above = 2.515517 + t * (0.802853 + t * 0.010328);
  const double below = 1.0 + t * (1.432788 + t * (0.189269 + t * 0.001308));
  double z = t - above / below;
  for (int step = 0; step < 2; ++step) z += (upper_tail(z) - tail) / density(z);
  return z;
}

double wilson_lower_bound(std::uint64_t events, std::uint64_t trials, double z) noexcept {
  if (trials == 0) return 0.0;
  const auto n = static_cast<double>(trials);
  const double share = static_cast<double>(std::min(events, trials)) / n;
  const double centre = share + z * z / (2.0 * n);
  const double reach = z * std::sqrt(share * (1.0 - share) / n + z * z / (4.0 * n * n));
  return std::max(0.0, (centre - reach) / (1.0 + z * z / n));
}

}  // namespace policy
