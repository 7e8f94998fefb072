#pragma once

#include "mail/result.hpp"
#include "policy/facts.hpp"
#include "policy/summary.hpp"
#include "relay/config/config.hpp"

#include <functional>

namespace app {

/// Fills in what the DMARC pre-flight of a message needs (domains::DmarcInquiry); asks DNS, and
/// waits.
using Preflight = std::function<void(policy::AppFacts& app, const policy::Summary& summary)>;

/// For whoever judges messages without a running relay. Empty where no domain has `verify: dns`; a
/// Failure says what of the configuration cannot be used.
[[nodiscard]] mail::Result<Preflight> make_preflight(const config::Config& settings);

}  // namespace app
