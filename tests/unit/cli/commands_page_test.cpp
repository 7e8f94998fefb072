#include "tests/unit/cli/command_line.hpp"
#include "tests/unit/config/folder.hpp"

#include <doctest/doctest.h>

#include <map>
#include <set>

using test::run;

namespace {

using Options = std::set<std::string>;
using Words = std::vector<std::string>;

// Those of every command, or of every one that asks the relay: the page names them once.
const Options common{"--help", "--config", "--socket"};

Options options_in(const std::string& text) {
  Options found;
  for (auto at = text.find("--"); at != std::string::npos; at = text.find("--", at + 2)) {
    const auto end = text.find_first_not_of("abcdefghijklmnopqrstuvwxyz-", at);
    const std::string option = text.substr(at, end - at);
    if (option.size() > 2 && !common.contains(option)) found.insert(option);
  }
  return found;
}

// The options that a help text explains: each begins a line.
Options explained(const std::string& help) {
  Options found;
  std::istringstream lines(help);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("  -")) found.merge(options_in(line.substr(0, line.find("  ", 3))));
  }
  return found;
}

// The commands that a help text lists.
Words listed(const std::string& help) {
  Words found;
  std::istringstream lines(help.substr(std::min(help.find("Subcommands:"), help.size())));
  std::string line;
  for (std::getline(lines, line); std::getline(lines, line);) {
    if (line.starts_with("  ") && line[2] != ' ')
      found.push_back(line.substr(2, line.find(' ', 2) - 2));
  }
  return found;
}

// Each command of the program with its options.
std::map<std::string, Options> commands_of_the_program() {
  std::map<std::string, Options> commands;
  for (const std::string& command : listed(run({"--help"}).out)) {
    const std::string help = run({command, "--help"}).out;
    const Words below = listed(help);
    if (below.empty()) commands[command] = explained(help);
    for (const std::string& each : below)
      commands[command + " " + each] = explained(run({command, each, "--help"}).out);
  }
  return commands;
}

// The rows `| \`postern command [options] ARGUMENTS\` | …` of the page.
std::map<std::string, Options> commands_of_the_page() {
  std::map<std::string, Options> commands;
  std::istringstream lines(test::read_all(POSTERN_DOCS "/commands.md"));
  const std::string begin = "| `postern ";
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(begin)) continue;
    const std::string usage =
        line.substr(begin.size(), line.find('`', begin.size()) - begin.size());
    std::istringstream words(usage);
    std::string command;
    for (std::string word;
         words >> word && word.find_first_of("[-ABCDEFGHIJKLMNOPQRSTUVWXYZ") != 0;)
      command += (command.empty() ? "" : " ") + word;
    commands[command] = options_in(usage);
  }
  return commands;
}

}  // namespace

TEST_SUITE("docs/commands.md") {
  TEST_CASE("the page has each command of the program with its options, and no other") {
    const auto program = commands_of_the_program();
    const auto page = commands_of_the_page();
    CHECK(program.size() > 10);
    for (const auto& [command, options] : program) {
      CAPTURE(command);
      REQUIRE(page.contains(command));
      CHECK(page.at(command) == options);
    }
    for (const auto& [command, options] : page) {
      CAPTURE(command);
      CHECK(program.contains(command));
    }
  }
}
