#include "relay/cli/suppression_commands.hpp"

#include "relay/cli/shown.hpp"
#include "relay/cli/suppression_transfer.hpp"
#include "relay/http/bounds.hpp"

#include <CLI/CLI.hpp>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

#include <chrono>
#include <cstddef>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

namespace cli {

namespace {

namespace json = boost::json;

struct SuppressionOptions {
  std::string app, address;
  std::vector<std::string> addresses;
  std::size_t limit = 100;
  bool json = false, also_ses = false;
};

int list_suppressions(Console& console, const SuppressionOptions& options) {
  std::string query;
  for (const auto& [name, value] :
       {std::pair<std::string, std::string>{"app", options.app},
        std::pair<std::string, std::string>{"address", options.address}})
    if (!value.empty()) query += (query.empty() ? '?' : '&') + name + '=' + url_encoded(value);
  const auto found =
      console.ask_list("/api/v1/suppressions" + query, "suppressions", "after", options.limit);
  if (!found) return 1;
  std::vector<std::vector<std::string>> rows{{"APP", "ADDRESS", "CAUSE", "SINCE (UTC)", "UNTIL"}};
  for (const json::value& each : *found) {
    const json::object& suppression = each.as_object();
    if (options.json) console.print_json(suppression);
    rows.push_back({shown(suppression, "app"),
                    shown(suppression, "address"),
                    shown(suppression, "cause"),
                    moment(suppression, "since"),
                    suppression.at("until").is_null() ? "removed" : moment(suppression, "until")});
  }
  if (options.json) return 0;
  if (found->empty())
    console.out() << "Every address is mailed.\n";
  else
    print_table(console.out(), rows);
  return 0;
}

json::object suppression_body(const SuppressionOptions& options) {
  const auto& addresses = options.addresses;
  return {{"app", options.app}, {"addresses", json::array(addresses.begin(), addresses.end())}};
}

int add_suppressions(Console& console, const SuppressionOptions& options) {
  return console.change(
      {.target = "/api/v1/suppressions", .body = json::serialize(suppression_body(options))},
      options.json,
      fmt::format("The app no longer mails {} addresses.", options.addresses.size()));
}

/// SES is asked about one address a second.
int remove_suppressions(Console& console, const SuppressionOptions& options) {
  json::object body = suppression_body(options);
  if (options.also_ses) body["also_ses"] = true;
  const auto done = console.ask_json({.target = "/api/v1/suppressions/remove",
                                      .body = json::serialize(body),
                                      .limit = std::chrono::minutes(2)});
  if (!done) return 1;
  if (options.json)
    console.print_json(*done);
  else
    console.out() << fmt::format("The app may again mail {} addresses.\n",
                                 options.addresses.size());
  const json::array& left = done->at("left_at_ses").as_array();
  for (const json::value& each : left)
    console.complain(fmt::format("SES may still have {} on its list: {}",
                                 shown(each.as_object(), "address"),
                                 shown(each.as_object(), "why")));
  return left.empty() ? 0 : 1;
}

}  // namespace

void add_suppression_commands(CLI::App& root,
                              const std::shared_ptr<Console>& console,
                              std::istream& in,
                              int& exit_code) {
  const auto options = std::make_shared<SuppressionOptions>();
  CLI::App* suppression = root.add_subcommand("suppression", "addresses that are not mailed");
  suppression->require_subcommand(1);
  CLI::App* lists = add_command(*suppression, "list", "the addresses, and why", exit_code, [=] {
    return list_suppressions(*console, *options);
  });
  lists->add_option("--app", options->app, "only of this app");
  lists->add_option("--address", options->address, "only this one");
  lists->add_option("--limit", options->limit, "at most so many (default: 100)")
      ->check(CLI::PositiveNumber);
  CLI::App* adds = add_command(*suppression, "add", "mail them no more", exit_code, [=] {
    return add_suppressions(*console, *options);
  });
  CLI::App* removes = add_command(*suppression, "remove", "mail them again", exit_code, [=] {
    return remove_suppressions(*console, *options);
  });
  removes->add_flag("--also-ses",
                    options->also_ses,
                    fmt::format("take them off SES's list of the account too, {} at most",
                                http::most_asked_of_ses));
  for (CLI::App* command : {adds, removes}) {
    command->add_option("--app", options->app, "whose mail")->required();
    command->add_option("ADDRESS", options->addresses, "100 at most")->required();
  }
  for (CLI::App* command : {lists, adds, removes})
    command->add_flag("--json", options->json, "JSON, one object a line");
  add_suppression_transfer(*suppression, console, in, exit_code);
}

}  // namespace cli
