#pragma once

#include "relay/observe/metrics.hpp"

#include <prometheus/registry.h>

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

/// Registers the family of that name. \param builder prometheus::BuildCounter() and the like
template <class Builder>
auto& family(prometheus::Registry& registry, Builder builder, std::string_view name) {
  return builder.Name(full_name(name)).Help(std::string(metric_row(name).help)).Register(registry);
}

}  // namespace observe
