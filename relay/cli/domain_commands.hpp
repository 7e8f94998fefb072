#pragma once

#include "relay/cli/console.hpp"

#include <memory>

namespace cli {

/// Adds `domain add`, `list`, `show`, `records`, `verify`, `associate`, `dissociate`,
/// `rotate-key`, `export-key` and `remove`. `verify` exits 1 while a required check is bad or the
/// domain may not send.
void add_domain_commands(CLI::App& root, const std::shared_ptr<Console>& console, int& exit_code);

}  // namespace cli
