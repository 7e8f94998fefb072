#pragma once

#include <filesystem>
#include <functional>
#include <iosfwd>

namespace CLI {
class App;
}

namespace cli {

/// Where the relay's admin socket is; called only when a command runs. May throw std::runtime_error
/// with one sentence.
using SocketPath = std::function<std::filesystem::path()>;

/// Adds `queue list`, `queue show ID`, `trace WORD` and `healthcheck`. Each runs while the
/// arguments are parsed, prints to `out`, errors as one sentence to `err`, and sets `exit_code`: 0
/// done, 1 failed or nothing found.
void add_queue_commands(
    CLI::App& root, SocketPath socket, std::ostream& out, std::ostream& err, int& exit_code);

}  // namespace cli
