#include "relay/cli/operator_commands.hpp"

#include "relay/cli/selection.hpp"
#include "relay/cli/shown.hpp"
#include "relay/config/values.hpp"
#include "relay/http/bounds.hpp"
#include "relay/observe/escape.hpp"

#include <CLI/CLI.hpp>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <ostream>
#include <string>
#include <system_error>

namespace cli {

namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

struct OperatorOptions {
  std::string timeout = "25s", file;
  bool json = false;
};

int drain(Console& console, const OperatorOptions& options) {
  const std::int64_t seconds = config::parse_duration(options.timeout).value_or(0);
  const auto found = console.ask_json({.target = "/api/v1/drain",
                                       .body = json::serialize(json::object{{"timeout", seconds}}),
                                       .limit = std::chrono::seconds(seconds) + 10s});
  if (!found) return 1;
  const bool drained = found->at("drained").as_bool();
  const std::uint64_t queued = count_in(*found, "queued"), held = count_in(*found, "held"),
                      under_way = count_in(*found, "in_delivery") + count_in(*found, "in_doubt");
  if (options.json) {
    console.print_json(*found);
  } else if (drained) {
    console.out() << fmt::format(
        "Drained: nothing is ready or in delivery (for later: {}, held: {}).\n", queued, held);
  }
  if (drained) return 0;
  return console.complain(
      fmt::format("Not drained within {}: {} left (queued: {}, in delivery or in doubt: {}).",
                  options.timeout,
                  queued + under_way,
                  queued,
                  under_way));
}

int reload(Console& console, const OperatorOptions& options) {
  const auto found = console.ask_json({.target = "/api/v1/reload", .body = "{}", .limit = 60s});
  if (!found) return 1;
  if (options.json) console.print_json(*found);
  for (const json::value& mistake : found->at("mistakes").as_array())
    console.complain(std::string(mistake.as_string()));
  if (!found->at("reloaded").as_bool()) return 1;
  if (!options.json) console.out() << "The configuration is reloaded.\n";
  return 0;
}

int backup(Console& console, const OperatorOptions& options) {
  std::error_code error;
  const std::string file = std::filesystem::absolute(options.file, error).lexically_normal();
  if (error) return console.complain("The current folder is gone: give an absolute path.");
  if (observe::valid_utf8(file) != file)
    return console.complain("The name " + file + " is no UTF-8: choose another.");
  const auto found = console.ask_json({.target = "/api/v1/backup",
                                       .body = json::serialize(json::object{{"file", file}}),
                                       .limit = 31min});
  if (!found) return 1;
  if (options.json) {
    console.print_json(*found);
  } else {
    console.out() << "The spool is copied to " << observe::escaped(file) << ".\n";
  }
  return 0;
}

}  // namespace

void add_operator_commands(CLI::App& root,
                           const std::shared_ptr<Console>& console,
                           int& exit_code) {
  const auto options = std::make_shared<OperatorOptions>();
  CLI::App* drains = add_command(
      root, "drain", "deliver what is queued at full rate while still accepting", exit_code, [=] {
        return drain(*console, *options);
      });
  drains->add_option("--timeout", options->timeout, "how long to wait for it (default: 25s)")
      ->check([](const std::string& text) {
        return refuse_duration(text, 1, http::longest_drain.count());
      });
  CLI::App* reloads = add_command(
      root, "reload", "re-read configuration and secrets, all or nothing", exit_code, [=] {
        return reload(*console, *options);
      });
  CLI::App* backs_up = add_command(
      root, "backup", "write a consistent copy of the spool beside the traffic", exit_code, [=] {
        return backup(*console, *options);
      });
  backs_up
      ->add_option("FILE", options->file, "where to; it must not exist, the relay's user writes it")
      ->required();
  for (CLI::App* command : {drains, reloads, backs_up})
    command->add_flag("--json", options->json, "the outcome as one JSON object");
}

}  // namespace cli
