#pragma once

#include "relay/config/config.hpp"
#include "relay/domains/dns/unbound_context.hpp"

#include <string>

namespace app {

/// How DNS is asked, as configured.
[[nodiscard]] domains::UnboundOptions resolver_options(const config::Dns& dns);

/// The region of SES where it is an upstream, else empty.
[[nodiscard]] std::string region_of_ses(const config::Config& settings);

}  // namespace app
