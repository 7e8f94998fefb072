#pragma once

#include "policy/domain_setup.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace policy {

inline constexpr std::string_view console_heading =
    "SES sends only for domains that it has verified itself. In its console:";

/// What is left to do by hand where nobody else has SES verify the domain: the steps in its
/// console, in order, one or more sentences each, at most five. None where the upstream is not SES.
[[nodiscard]] std::vector<std::string> identity_steps(const DomainSetup& setup);

}  // namespace policy
