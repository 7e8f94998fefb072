#pragma once

#include "relay/cli/run.hpp"

#include <filesystem>
#include <functional>

namespace CLI {
class App;
}

namespace cli {

/// Adds `inspect`. `config_path` gives the configuration file; it is asked for only with --app.
void add_inspect_command(CLI::App& root,
                         std::function<std::filesystem::path()> config_path,
                         Streams streams,
                         int& exit_code);

}  // namespace cli
