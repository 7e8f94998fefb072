#include "relay/cli/manual_command.hpp"

#include "relay/cli/manual.hpp"
#include "relay/sendmail/settings.hpp"

#include <CLI/CLI.hpp>

#include <functional>
#include <map>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

namespace cli {
namespace {

using Print = std::function<std::string(const CLI::App& root)>;

const std::map<std::string, Print>& formats() {
  static const std::map<std::string, Print> all{
      {"man", &manual_of_commands},
      {"man-config",
       [](const CLI::App&) {
         return manual_of_file("postern.yml",
                               "/etc/postern/postern.yml",
                               "configuration of the mail submission relay",
                               config::keys());
       }},
      {"man-sendmail",
       [](const CLI::App&) {
         return manual_of_file("postern-sendmail.yml",
                               sendmail::settings_file,
                               "settings of postern's sendmail command",
                               sendmail::keys());
       }},
      {"bash", &bash_completion},
      {"zsh", &zsh_completion},
  };
  return all;
}

std::vector<std::string> names() {
  std::vector<std::string> found;
  for (const auto& [name, print] : formats()) found.push_back(name);
  return found;
}

}  // namespace

void add_manual_command(CLI::App& root, std::ostream& out) {
  CLI::App& command =
      *root.add_subcommand("manual", "Print a manual page or a shell's completion of commands");
  const auto format = std::make_shared<std::string>("man");
  command
      .add_option("--format", *format, "man, man-config, man-sendmail, bash or zsh (default: man)")
      ->check(CLI::IsMember(names()));
  command.callback([&root, &out, format] { out << formats().at(*format)(root); });
}

}  // namespace cli
