#pragma once

#include "relay/cli/console.hpp"

#include <memory>

namespace cli {

/// Adds `stats`.
void add_stats_command(CLI::App& root, const std::shared_ptr<Console>& console, int& exit_code);

}  // namespace cli
