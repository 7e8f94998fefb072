#pragma once

#include "relay/config/keys.hpp"

#include <CLI/App.hpp>

#include <string>

namespace cli {

// Manual pages and shell completion, made of what `--help` and the configuration's reader are made
// of. `root` is the whole tree of commands.

/// postern(1): each command with its options, as roff for man(7).
[[nodiscard]] std::string manual_of_commands(const CLI::App& root);

/// A page of section 5 on a configuration file: `name` like postern.yml, `path` where it lies.
[[nodiscard]] std::string manual_of_file(std::string_view name,
                                         std::string_view path,
                                         std::string_view purpose,
                                         config::KeyTable table);

/// A function for bash's `complete`: commands, then options; file names where neither fits.
[[nodiscard]] std::string bash_completion(const CLI::App& root);

/// The same as a function of zsh's completion system, with what each word does.
[[nodiscard]] std::string zsh_completion(const CLI::App& root);

}  // namespace cli
