#pragma once

#include "relay/cli/run.hpp"
#include "relay/config/config.hpp"

#include <filesystem>

namespace cli {

/// `restore`: puts a backup in the place of the spool of `settings`, where no relay may be running,
/// with every entry that was not settled held `restored`, for which sites are warned after half of
/// queue.hold_expire. Gives the exit code.
[[nodiscard]] int restore(const std::filesystem::path& backup_file,
                          const config::Config& settings,
                          bool json,
                          Streams streams);

}  // namespace cli
