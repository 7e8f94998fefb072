#pragma once

#include "policy/spf_verdict.hpp"
#include "relay/domains/spf/messages.hpp"

#include <functional>
#include <optional>

namespace domains::spf {

/// check_host() of RFC 7208 by libspf2, its DNS done by `ask`. Nothing when libspf2 gave up without
/// a result. To be called in the confined child alone.
[[nodiscard]] std::optional<policy::SpfVerdict> evaluate_by_library(
    const SpfQuestion& question, std::function<policy::DnsAnswer(const policy::DnsQuestion&)> ask);

}  // namespace domains::spf
