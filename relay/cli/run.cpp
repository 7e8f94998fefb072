#include "relay/cli/run.hpp"

#include "relay/cli/app_commands.hpp"
#include "relay/cli/awaited.hpp"
#include "relay/cli/domain_commands.hpp"
#include "relay/cli/inspect_command.hpp"
#include "relay/cli/manual_command.hpp"
#include "relay/cli/operator_commands.hpp"
#include "relay/cli/queue_commands.hpp"
#include "relay/cli/restore.hpp"
#include "relay/cli/send_test_command.hpp"
#include "relay/cli/settings.hpp"
#include "relay/cli/smtp_password.hpp"
#include "relay/cli/stats_command.hpp"
#include "relay/cli/suppression_commands.hpp"
#include "relay/cli/token_commands.hpp"
#include "relay/config/nearest.hpp"
#include "relay/config/values.hpp"
#include "relay/sendmail/run.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <optional>
#include <ostream>
#include <span>

namespace cli {
namespace {

/// What all commands share while one of them runs.
struct Invocation {
  const Commands& commands;
  Streams streams;
  std::filesystem::path config;
  std::filesystem::path socket;
  int exit_code = 0;
};

void add_config_option(CLI::App& command, Invocation& invocation) {
  command.add_option(
      "--config",
      invocation.config,
      "Configuration file (default: conf/postern.yml, else /etc/postern/postern.yml)");
}

void add_serve(CLI::App& root, Invocation& invocation) {
  CLI::App& command =
      *root.add_subcommand("serve", "Run the relay; SIGHUP reloads, SIGTERM drains and stops");
  add_config_option(command, invocation);
  command.callback([&invocation] {
    invocation.exit_code = invocation.commands.serve(config_path(invocation.config));
  });
}

void add_check_config(CLI::App& root, Invocation& invocation) {
  CLI::App& command = *root.add_subcommand(
      "check-config", "Read the configuration as serve would, and say every mistake");
  command.add_option("FILE", invocation.config, "Configuration file");
  command.callback([&invocation] {
    invocation.exit_code = check_config(
        config_path(invocation.config), invocation.streams.out, invocation.streams.err);
  });
}

void add_inspect(CLI::App& root, Invocation& invocation) {
  const auto path = [&invocation] { return config_path(invocation.config); };
  add_inspect_command(
      root, path, invocation.commands.preflight, invocation.streams, invocation.exit_code);
  add_config_option(*root.get_subcommand("inspect"), invocation);
}

void add_smtp_password(CLI::App& root, Invocation& invocation) {
  CLI::App& command = *root.add_subcommand(
      "smtp-password",
      "Turn an IAM secret access key on standard input into the SES SMTP password");
  const auto region = std::make_shared<std::string>();
  command.add_option("--region", *region, "AWS region, like eu-central-1")
      ->required()
      ->check([](const std::string& text) {
        return config::is_region(text) ? std::string()
                                       : "this is not an AWS region: write it like eu-central-1";
      });
  command.callback([region, &invocation] {
    std::string line;
    std::getline(invocation.streams.in, line);
    const auto key = read_secret_access_key(line);
    if (!key) throw std::runtime_error(key.error().sentence());
    invocation.streams.out << smtp_password(*key, *region) << '\n';
  });
}

void add_restore(CLI::App& root, Invocation& invocation) {
  CLI::App& command = *root.add_subcommand(
      "restore", "Put a backup in the place of the spool, every entry held; no relay may run");
  const auto file = std::make_shared<std::filesystem::path>();
  const auto json = std::make_shared<bool>(false);
  command.add_option("FILE", *file, "What `postern backup` wrote")->required();
  command.add_flag("--json", *json, "The outcome as one JSON object");
  add_config_option(command, invocation);
  command.callback([file, json, &invocation] {
    const config::Config settings = read_settings(config_path(invocation.config));
    invocation.exit_code = restore(*file, settings, *json, invocation.streams);
  });
}

/// For `--help` and the manual: what follows the word never comes here, because it is read as
/// sendmail reads it.
void add_sendmail(CLI::App& root) {
  root.add_subcommand("sendmail", "Hand a message on standard input to the relay, as sendmail does")
      ->footer("Options of sendmail, recipients behind them:\n" + sendmail::usage());
}

/// Whether the words are a call of sendmail, and not the question what it takes.
bool calls_sendmail(std::span<const char* const> arguments) {
  if (arguments.empty() || std::string_view(arguments[0]) != "sendmail") return false;
  return arguments.size() != 2 || std::string_view(arguments[1]) != "--help";
}

/// The commands without commands of their own, under `command`.
std::vector<CLI::App*> leaves(CLI::App& command) {
  const std::vector<CLI::App*> children = command.get_subcommands([](CLI::App*) { return true; });
  if (children.empty()) return {&command};
  std::vector<CLI::App*> found;
  for (CLI::App* child : children) std::ranges::move(leaves(*child), std::back_inserter(found));
  return found;
}

/// The commands that ask the running relay: each learns its socket from --socket or from the
/// configuration.
void add_asking(CLI::App& root, Invocation& invocation) {
  const auto socket = [&invocation] {
    return invocation.socket.empty() ? read_settings(config_path(invocation.config)).socket
                                     : invocation.socket;
  };
  const auto before = root.get_subcommands([](CLI::App*) { return true; });
  const auto console =
      std::make_shared<Console>(socket, invocation.streams.out, invocation.streams.err);
  add_app_commands(root, console, invocation.exit_code);
  add_domain_commands(root, console, invocation.exit_code);
  add_token_commands(root, console, invocation.exit_code);
  add_stats_command(root, console, invocation.exit_code);
  add_suppression_commands(root, console, invocation.streams.in, invocation.exit_code);
  add_queue_commands(root, console, invocation.exit_code);
  add_operator_commands(root, console, invocation.exit_code);
  add_send_test_command(root, console, invocation.exit_code);
  const auto settings = [&invocation] { return read_settings(config_path(invocation.config)); };
  add_doctor_command(
      root, console, settings, invocation.commands.examine_alone, invocation.exit_code);
  for (CLI::App* command : root.get_subcommands([](CLI::App*) { return true; })) {
    if (std::ranges::find(before, command) != before.end()) continue;
    for (CLI::App* leaf : leaves(*command)) {
      add_config_option(*leaf, invocation);
      leaf->add_option(
          "--socket", invocation.socket, "The relay's admin socket (default: as configured)");
    }
  }
}

/// The sentence on a first word that is no command, or nothing.
std::optional<std::string> refuse_unknown(const CLI::App& root,
                                          std::span<const char* const> arguments) {
  if (arguments.empty() || *arguments[0] == '-') return std::nullopt;
  std::vector<std::string> names;
  for (const CLI::App* command : root.get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(command->get_name());
  if (std::ranges::find(names, arguments[0]) != names.end()) return std::nullopt;
  const std::string near = config::nearest(arguments[0], names);
  return fmt::format(
      "There is no such command: {}.",
      near.empty() ? "`postern --help` shows all" : fmt::format("write `postern {}`", near));
}

int parse(CLI::App& root, int argc, const char* const* argv, Invocation& invocation) {
  Streams& streams = invocation.streams;
  try {
    root.parse(argc, argv);
    return invocation.exit_code;
  } catch (const CLI::Success& answer) {  // --help, --version
    return root.exit(answer, streams.out, streams.err);
  } catch (const CLI::ParseError& error) {
    streams.err << fmt::format("{} (--help shows what it takes)\n", error.what());
    return 2;
  } catch (const std::exception& error) {
    streams.err << error.what() << '\n';
    return 1;
  }
}

}  // namespace

int run(int argc, const char* const* argv, const Commands& commands, Streams streams) {
  const std::span<const char* const> words(argv, static_cast<std::size_t>(argc));
  const auto arguments = words.subspan(std::min<std::size_t>(1, words.size()));
  if (calls_sendmail(arguments)) return commands.sendmail(arguments.subspan(1));
  Invocation invocation{commands, streams, {}, {}, 0};
  CLI::App root("Postern, a mail submission relay: SMTP in, signed mail out to Amazon SES",
                "postern");
  root.set_version_flag("--version", std::string("postern " POSTERN_VERSION));
  root.require_subcommand(1);
  add_serve(root, invocation);
  add_check_config(root, invocation);
  add_inspect(root, invocation);
  add_smtp_password(root, invocation);
  add_restore(root, invocation);
  add_sendmail(root);
  add_manual_command(root, streams.out);
  add_asking(root, invocation);

  auto refusal = refuse_awaited(arguments);
  if (!refusal) refusal = refuse_unknown(root, arguments);
  if (!refusal) return parse(root, argc, argv, invocation);
  streams.err << *refusal << '\n';
  return 2;
}

}  // namespace cli
