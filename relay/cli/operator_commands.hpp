#pragma once

#include "relay/cli/console.hpp"

#include <memory>

namespace cli {

/// Adds `drain`, `reload` and `backup`.
void add_operator_commands(CLI::App& root, const std::shared_ptr<Console>& console, int& exit_code);

}  // namespace cli
