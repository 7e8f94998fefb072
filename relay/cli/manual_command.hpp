#pragma once

#include <CLI/App.hpp>

#include <iosfwd>

namespace cli {

/// `manual`: prints manual pages and shell completion, which the build installs. `root` has all
/// commands by the time it runs.
void add_manual_command(CLI::App& root, std::ostream& out);

}  // namespace cli
