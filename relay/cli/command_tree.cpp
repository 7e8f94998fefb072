#include "relay/cli/command_tree.hpp"

namespace cli {
namespace {

ShownOption shown_option(const CLI::Option& option) {
  ShownOption made;
  made.is_argument = option.get_positional();
  made.required = option.get_required();
  made.meaning = option.get_description();
  if (option.get_type_size() > 0 && !made.is_argument) made.value = option.get_type_name();
  if (made.is_argument) {
    made.names = {option.get_single_name()};
    return made;
  }
  for (const std::string& name : option.get_lnames()) made.names.push_back("--" + name);
  for (const std::string& name : option.get_snames()) made.names.push_back("-" + name);
  return made;
}

void add_tree(const CLI::App& app, const std::string& path, std::vector<ShownCommand>& found) {
  ShownCommand command{path, app.get_description(), app.get_footer(), {}, {}};
  for (const CLI::Option* option : app.get_options([](const CLI::Option*) { return true; }))
    command.options.push_back(shown_option(*option));
  const auto children = app.get_subcommands([](const CLI::App*) { return true; });
  for (const CLI::App* child : children) command.below.push_back(child->get_name());
  found.push_back(std::move(command));
  for (const CLI::App* child : children) add_tree(*child, path + " " + child->get_name(), found);
}

}  // namespace

std::vector<ShownCommand> command_tree(const CLI::App& root) {
  std::vector<ShownCommand> found;
  add_tree(root, "", found);
  return found;
}

}  // namespace cli
