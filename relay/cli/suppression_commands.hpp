#pragma once

#include "relay/cli/console.hpp"

#include <iosfwd>
#include <memory>

namespace cli {

/// Adds `suppression list`, `add`, `remove`, `import` and `export`. \param in what `import -` reads
void add_suppression_commands(CLI::App& root,
                              const std::shared_ptr<Console>& console,
                              std::istream& in,
                              int& exit_code);

}  // namespace cli
