#pragma once

#include "relay/cli/console.hpp"

#include <iosfwd>
#include <memory>

namespace cli {

/// Adds `suppression import` and `export`. \param in what `import -` reads
void add_suppression_transfer(CLI::App& suppression,
                              const std::shared_ptr<Console>& console,
                              std::istream& in,
                              int& exit_code);

}  // namespace cli
