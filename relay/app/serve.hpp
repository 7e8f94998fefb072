#pragma once

#include <filesystem>

namespace app {

/// `postern serve`: reads the configuration, runs the relay in the foreground until it is told to
/// stop. Returns the process's exit status: 0 after a clean stop, 1 when it cannot start (one
/// sentence on standard error).
int serve(const std::filesystem::path& configuration);

}  // namespace app
