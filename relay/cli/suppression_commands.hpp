#pragma once

#include "relay/cli/console.hpp"

#include <memory>

namespace cli {

/// Adds `suppression list`, `add` and `remove`.
void add_suppression_commands(CLI::App& root,
                              const std::shared_ptr<Console>& console,
                              int& exit_code);

}  // namespace cli
