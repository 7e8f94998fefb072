#pragma once

#include "relay/cli/console.hpp"

#include <memory>

namespace cli {

/// Adds `queue` with `list`, `show` and the orders (order_commands.hpp), `trace WORD` and
/// `healthcheck`. Each runs while the arguments are parsed and sets `exit_code`: 0 done, 1 failed
/// or nothing found.
void add_queue_commands(CLI::App& root, const std::shared_ptr<Console>& console, int& exit_code);

}  // namespace cli
