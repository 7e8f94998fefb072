#pragma once

#include "relay/cli/console.hpp"

#include <memory>

namespace cli {

/// Adds `retry`, `hold`, `release` and `drop` to the command `queue`. Exit code 1 where nothing
/// matched, or a queue id that was given is not there or in no state for it; 2 where nothing says
/// which messages are meant.
void add_order_commands(CLI::App& queue, const std::shared_ptr<Console>& console, int& exit_code);

}  // namespace cli
