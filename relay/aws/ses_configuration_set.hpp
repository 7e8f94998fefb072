#pragma once

#include "mail/result.hpp"

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace aws {

inline constexpr std::size_t max_event_destinations = 10;  ///< of a configuration set, at SES

/// Where a configuration set's events go.
struct EventDestination {
  std::string name;
  bool enabled = false;
  std::string topic_arn;        ///< of SNS; empty: they go elsewhere
  std::set<std::string> types;  ///< as the API writes them: `BOUNCE`, `RENDERING_FAILURE`
};

/// A configuration set (GetConfigurationSet, GetConfigurationSetEventDestinations).
struct ConfigurationSet {
  bool exists = false;  ///< false: SES does not know it, and all else is empty
  bool sending_enabled = true;
  bool engagement_metrics = false;  ///< Virtual Deliverability Manager tracks opens and clicks
  std::vector<EventDestination> destinations;
};

/// Letters, digits, `-` and `_`, 1 to 64.
[[nodiscard]] bool is_configuration_set(std::string_view name);

/// Reads the body of a GetConfigurationSet response, which has no destinations. A failure names the
/// member that is strange.
[[nodiscard]] mail::Result<ConfigurationSet> parse_configuration_set(std::string_view json);

/// Reads the body of a GetConfigurationSetEventDestinations response.
[[nodiscard]] mail::Result<std::vector<EventDestination>> parse_event_destinations(
    std::string_view json);

}  // namespace aws
