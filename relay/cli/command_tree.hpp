#pragma once

#include <CLI/App.hpp>

#include <string>
#include <vector>

namespace cli {

/// An option or argument of a command, as help texts name it.
struct ShownOption {
  std::vector<std::string> names;  ///< `--json`, `-h`; of an argument its name alone
  std::string value;               ///< what stands behind it: TEXT, PATH; empty for a flag
  std::string meaning;
  bool is_argument = false;
  bool required = false;
};

/// A command with what leads to it.
struct ShownCommand {
  std::string path;  ///< " app add"; of the program itself ""
  std::string meaning;
  std::string footer;
  std::vector<std::string> below;  ///< the names of its own commands
  std::vector<ShownOption> options;
};

/// The program and all its commands, each before its own, in the order in which they were added.
[[nodiscard]] std::vector<ShownCommand> command_tree(const CLI::App& root);

}  // namespace cli
