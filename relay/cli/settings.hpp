#pragma once

#include "relay/config/config.hpp"

#include <filesystem>
#include <iosfwd>
#include <optional>

namespace cli {

/// The configuration file of a command: `given` if it is not empty, else the first of
/// conf/postern.yml and /etc/postern/postern.yml that exists, else the latter.
[[nodiscard]] std::filesystem::path config_path(const std::filesystem::path& given);

/// The configuration in a file; throws std::runtime_error with one sentence when it has mistakes.
[[nodiscard]] config::Config read_settings(const std::filesystem::path& file);

/// `check-config`: every mistake and warning of the file to `err`, or one good line to `out`. Gives
/// the exit code.
[[nodiscard]] int check_config(const std::filesystem::path& file,
                               std::ostream& out,
                               std::ostream& err);

}  // namespace cli
