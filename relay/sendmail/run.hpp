#pragma once

#include "relay/sendmail/settings.hpp"

#include <filesystem>
#include <span>
#include <string>

namespace sendmail {

/// Runs one call of sendmail on the process's own standard input and output; `words` are its
/// arguments without the program's name, `file` its settings. A lone `--help` prints usage(). Gives
/// the exit code of <sysexits.h>; what is wrong is one sentence on standard error. Standard input
/// is waited for as long as it takes, a day at most (cron's jobs write slowly), the relay for
/// `timeout`.
[[nodiscard]] int run(std::span<const char* const> words, const std::filesystem::path& file);

/// The settings of `postern sendmail`: what $POSTERN_SENDMAIL_CONFIG names, else settings_file. Not
/// for a program called `sendmail`, and the environment of a set-uid program counts for nothing.
[[nodiscard]] std::filesystem::path chosen_file();

/// Whether a program's name says that it is sendmail: the last part of its path.
[[nodiscard]] bool is_called_sendmail(const char* name);

/// What `--help` explains: the options, a line each.
[[nodiscard]] std::string usage();

}  // namespace sendmail
