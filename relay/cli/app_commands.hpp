#pragma once

#include "relay/cli/console.hpp"

#include <memory>

namespace cli {

/// Adds `app add`, `list`, `show`, `block`, `unblock`, `override`, `release`, `rotate-password` and
/// `remove`.
void add_app_commands(CLI::App& root, const std::shared_ptr<Console>& console, int& exit_code);

}  // namespace cli
