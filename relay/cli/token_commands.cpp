#include "relay/cli/token_commands.hpp"

#include "relay/cli/shown.hpp"

#include <CLI/CLI.hpp>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

#include <cstddef>
#include <ostream>
#include <string>
#include <vector>

namespace cli {

namespace {

namespace json = boost::json;

struct TokenOptions {
  std::string role, app, id, target;
  std::size_t limit = 100;
  bool json = false;
};

int add_token(Console& console, const TokenOptions& options) {
  if ((options.role == "app") == options.app.empty())
    throw CLI::ValidationError("token add", "give --app with --role app, and with no other");
  json::object body{{"role", options.role}};
  if (!options.app.empty()) body["app"] = options.app;
  const auto made = console.ask_json({.target = "/api/v1/tokens", .body = json::serialize(body)});
  if (!made) return 1;
  if (options.json) {
    console.print_json(*made);
  } else {
    console.out() << fmt::format(
        "{}\nThis token is not shown again; `postern token remove {}` takes it back.\n",
        shown(*made, "secret"),
        shown(made->at("token").as_object(), "id"));
  }
  return 0;
}

int list_tokens(Console& console, const TokenOptions& options) {
  const auto found = console.ask_json({"/api/v1/tokens"});
  if (!found) return 1;
  const json::array& tokens = found->at("tokens").as_array();
  std::vector<std::vector<std::string>> rows{{"ID", "ROLE", "APP", "MADE (UTC)", "BY"}};
  for (const json::value& each : tokens) {
    const json::object& token = each.as_object();
    if (options.json) console.print_json(token);
    rows.push_back({shown(token, "id"),
                    shown(token, "role"),
                    shown(token, "app"),
                    moment(token, "made_at"),
                    shown(token, "made_by")});
  }
  if (options.json) return 0;
  if (tokens.empty()) {
    console.out() << "No token was made yet: `postern token add --role read` makes one.\n";
  } else {
    print_table(console.out(), rows);
  }
  return 0;
}

int remove_token(Console& console, const TokenOptions& options) {
  Request asked{"/api/v1/tokens/" + url_encoded(options.id)};
  asked.removes = true;
  return console.change(
      std::move(asked), options.json, fmt::format("Token {} is taken back.", options.id));
}

int audit(Console& console, const TokenOptions& options) {
  const std::string about = options.target.empty() ? "" : "?target=" + url_encoded(options.target);
  const auto records =
      console.ask_list("/api/v1/audit" + about, "records", "before", options.limit);
  if (!records) return 1;
  std::vector<std::vector<std::string>> rows{{"WHEN (UTC)", "WHO", "WHAT", "TARGET", "DETAIL"}};
  for (const json::value& each : *records) {
    const json::object& record = each.as_object();
    if (options.json) console.print_json(record);
    rows.push_back({moment(record, "at"),
                    shown(record, "who"),
                    shown(record, "what"),
                    shown(record, "target"),
                    shown(record, "detail")});
  }
  if (options.json) return 0;
  if (records->empty()) {
    console.out() << "No change is recorded.\n";
  } else {
    print_table(console.out(), rows);
  }
  return 0;
}

}  // namespace

void add_token_commands(CLI::App& root, const std::shared_ptr<Console>& console, int& exit_code) {
  const auto options = std::make_shared<TokenOptions>();
  CLI::App* token = root.add_subcommand("token", "who may ask the API");
  token->require_subcommand(1);
  CLI::App* adds = add_command(*token, "add", "make a token; prints it once", exit_code, [=] {
    return add_token(*console, *options);
  });
  adds->add_option(
          "--role", options->role, "admin: everything; read: GET alone; app: one app's own")
      ->required()
      ->check(CLI::IsMember({"admin", "read", "app"}));
  adds->add_option("--app", options->app, "the app of --role app");
  CLI::App* lists = add_command(
      *token, "list", "the tokens", exit_code, [=] { return list_tokens(*console, *options); });
  CLI::App* removes = add_command(*token, "remove", "take a token back", exit_code, [=] {
    return remove_token(*console, *options);
  });
  removes->add_option("ID", options->id, "as `postern token list` shows it")->required();
  CLI::App* audits = add_command(root, "audit", "who changed what, newest first", exit_code, [=] {
    return audit(*console, *options);
  });
  audits->add_option("--target", options->target, "only of this app, domain or token");
  audits->add_option("--limit", options->limit, "at most so many (default: 100)")
      ->check(CLI::PositiveNumber);
  for (CLI::App* command : {adds, lists, removes, audits})
    command->add_flag("--json", options->json, "JSON, one object a line");
}

}  // namespace cli
