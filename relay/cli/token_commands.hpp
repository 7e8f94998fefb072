#pragma once

#include "relay/cli/console.hpp"

#include <memory>

namespace cli {

/// Adds `token add`, `list` and `remove`, and `audit`.
void add_token_commands(CLI::App& root, const std::shared_ptr<Console>& console, int& exit_code);

}  // namespace cli
