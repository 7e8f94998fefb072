#pragma once

#include "relay/cli/run.hpp"

#include <filesystem>
#include <functional>

namespace CLI {
class App;
}

namespace cli {

/// Adds `inspect`. `config_path` gives the configuration file, `preflight` asks DNS as that file
/// says; they are called only with --app.
void add_inspect_command(CLI::App& root,
                         std::function<std::filesystem::path()> config_path,
                         MakePreflight preflight,
                         Streams streams,
                         int& exit_code);

}  // namespace cli
