#pragma once

#include "relay/observe/metrics.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace observe {

/// The row of the list of metrics by this name, which must be there.
[[nodiscard]] const MetricRow& metric_row(std::string_view name);
/// `postern_` and the name.
[[nodiscard]] std::string full_name(std::string_view name);
/// Of a row's comma separated label names, each.
[[nodiscard]] std::vector<std::string> label_names(std::string_view labels);

}  // namespace observe
