#include "relay/cli/command_tree.hpp"
#include "relay/cli/manual.hpp"

#include <fmt/format.h>

#include <vector>

namespace cli {
namespace {

/// In single quotes for a shell.
std::string in_single_quotes(std::string_view text) {
  std::string made = "'";
  for (const char c : text) made += c == '\'' ? "'\\''" : std::string(1, c);
  return made + "'";
}

std::vector<std::string> option_names(const ShownCommand& command) {
  std::vector<std::string> names;
  for (const ShownOption& option : command.options)
    if (!option.is_argument) names.insert(names.end(), option.names.begin(), option.names.end());
  return names;
}

/// The patterns of a `case` that knows each command by its path.
std::string paths(const std::vector<ShownCommand>& commands) {
  std::string joined;
  for (const ShownCommand& command : commands)
    if (!command.path.empty())
      joined += (joined.empty() ? "" : "|") + in_single_quotes(command.path);
  return joined;
}

/// The options of any command whose value is the next word.
std::string valued_options(const std::vector<ShownCommand>& commands) {
  std::string joined = "|";
  for (const ShownCommand& command : commands)
    for (const ShownOption& option : command.options)
      for (const std::string& name : option.names)
        if (!option.value.empty() && !option.is_argument &&
            joined.find("|" + name + "|") == joined.npos)
          joined += name + "|";
  return joined.substr(1, joined.size() - 2);
}

/// A word of zsh's _describe: `name:meaning`, the name's colons escaped.
std::string described(const std::string& name, std::string_view meaning) {
  return in_single_quotes(fmt::format("{}:{}", name, meaning));
}

std::string_view meaning_of_command(const std::vector<ShownCommand>& commands,
                                    const std::string& path) {
  for (const ShownCommand& command : commands)
    if (command.path == path) return command.meaning;
  return {};
}

std::string zsh_choices(const ShownCommand& command, const std::vector<ShownCommand>& commands) {
  std::string choices;
  for (const std::string& name : command.below)
    choices += " " + described(name, meaning_of_command(commands, command.path + " " + name));
  for (const ShownOption& option : command.options)
    if (!option.is_argument)
      for (const std::string& name : option.names) choices += " " + described(name, option.meaning);
  return choices;
}

}  // namespace

std::string bash_completion(const CLI::App& root) {
  const auto commands = command_tree(root);
  std::string text =
      fmt::format(R"(# bash completion for postern, made by `postern manual --format bash`
_postern() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} at= choices= i
  COMPREPLY=()
  case ${{COMP_WORDS[COMP_CWORD - 1]}} in
    {}) return ;;
  esac
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$at ${{COMP_WORDS[i]}}" in
      {}) at="$at ${{COMP_WORDS[i]}}" ;;
    esac
  done
  case $at in
)",
                  valued_options(commands),
                  paths(commands));
  for (const ShownCommand& command : commands)
    text += fmt::format("    {}) choices='{}{}{}' ;;\n",
                        in_single_quotes(command.path),
                        fmt::join(command.below, " "),
                        command.below.empty() ? "" : " ",
                        fmt::join(option_names(command), " "));
  return text +
         "  esac\n"
         "  mapfile -t COMPREPLY < <(compgen -W \"$choices\" -- \"$current\")\n"
         "}\n"
         "complete -o default -F _postern postern\n";
}

std::string zsh_completion(const CLI::App& root) {
  const auto commands = command_tree(root);
  std::string text = fmt::format(R"(#compdef postern
# zsh completion for postern, made by `postern manual --format zsh`
_postern() {{
  local at= i
  local -a choices
  case $words[CURRENT-1] in
    ({}) _files; return ;;
  esac
  for ((i = 2; i < CURRENT; i++)); do
    case "$at $words[i]" in
      ({}) at="$at $words[i]" ;;
    esac
  done
  case $at in
)",
                                 valued_options(commands),
                                 paths(commands));
  for (const ShownCommand& command : commands)
    text += fmt::format("    ({}) choices=({} ) ;;\n",
                        in_single_quotes(command.path),
                        zsh_choices(command, commands));
  return text +
         "  esac\n"
         "  _describe postern choices || _files\n"
         "}\n"
         "_postern \"$@\"\n";
}

}  // namespace cli
