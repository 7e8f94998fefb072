#include "relay/cli/app_commands.hpp"

#include "relay/cli/shown.hpp"
#include "relay/config/values.hpp"
#include "relay/http/bounds.hpp"

#include <CLI/CLI.hpp>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace cli {

namespace {

namespace json = boost::json;

struct AppOptions {
  std::string name, owner, contact, upstream, configuration_set, why, state, lasts;
  std::vector<std::string> domains;
  std::optional<std::int64_t> weight, recipients_per_message, queued_messages;
  std::string message_size, queued_bytes;
  bool json = false;
};

std::string app_target(const AppOptions& options, std::string_view what = {}) {
  return fmt::format("/api/v1/apps/{}{}", url_encoded(options.name), what);
}

void put_number(json::object& body,
                std::string_view name,
                const std::optional<std::int64_t>& number) {
  if (number) body[name] = *number;
}

json::object app_body(const AppOptions& options) {
  json::object limits;
  put_number(limits, "recipients_per_message", options.recipients_per_message);
  put_number(limits, "message_size", config::parse_size(options.message_size));
  put_number(limits, "queued_messages", options.queued_messages);
  put_number(limits, "queued_bytes", config::parse_size(options.queued_bytes));
  json::object body{{"name", options.name}};
  put(body, "owner", options.owner);
  put(body, "contact", options.contact);
  put(body, "upstream", options.upstream);
  put(body, "configuration_set", options.configuration_set);
  put_number(body, "weight", options.weight);
  if (!options.domains.empty())
    body["domains"] = json::array(options.domains.begin(), options.domains.end());
  if (!limits.empty()) body["limits"] = std::move(limits);
  return body;
}

std::string encryption_of(const json::object& submission) {
  const std::string word = shown(submission, "encryption");
  if (word == "tls") return "SSL/TLS";
  return word == "starttls" ? "STARTTLS" : word;
}

// What to type into the site's mail settings.
void print_credential(std::ostream& out, const json::object& made) {
  const json::object& app = made.at("app").as_object();
  out << "What the site's mail settings need:\n";
  if (const json::object* submission = made.at("submission").if_object()) {
    print_line(out, "host", shown(*submission, "host"));
    print_line(out, "port", shown(*submission, "port"));
    print_line(out, "encryption", encryption_of(*submission));
  }
  print_line(out, "user name", shown(app, "name"));
  print_line(out, "password", shown(made, "password"));
  out << fmt::format(
      "The password is not shown again: `postern app rotate-password {}` makes another.\n",
      shown(app, "name"));
}

int print_made(Console& console,
               const AppOptions& options,
               std::string_view what,
               const std::optional<json::object>& made) {
  if (!made) return 1;
  if (options.json) {
    console.print_json(*made);
  } else {
    console.out() << fmt::format("App {} {}\n", shown(made->at("app").as_object(), "name"), what);
    print_credential(console.out(), *made);
  }
  return 0;
}

int add_app(Console& console, const AppOptions& options) {
  return print_made(
      console,
      options,
      "is added.",
      console.ask_json({.target = "/api/v1/apps", .body = json::serialize(app_body(options))}));
}

int rotate_password(Console& console, const AppOptions& options) {
  return print_made(console,
                    options,
                    "has a new password; the old one is refused from now on.",
                    console.ask_json({app_target(options, "/rotate-password"), "{}"}));
}

std::string state_of(const json::object& app) {
  const std::string state = shown(app.at("standing").as_object(), "state");
  return state == "blocked" || state == "restricted" ? state : "open";
}

std::string names_of(const json::array& domains) {
  std::string names;
  for (const json::value& domain : domains)
    names += (names.empty() ? "" : ", ") + shown(domain.as_object(), "name");
  return names;
}

int list_apps(Console& console, const AppOptions& options) {
  const auto apps = console.ask_list("/api/v1/apps", "apps");
  if (!apps) return 1;
  std::vector<std::vector<std::string>> rows{
      {"NAME", "STATE", "OWNER", "QUEUED", "SOURCE", "DOMAINS"}};
  for (const json::value& each : *apps) {
    const json::object& app = each.as_object();
    if (options.json) console.print_json(app);
    rows.push_back({shown(app, "name"),
                    state_of(app),
                    shown(app, "owner"),
                    shown(app.at("queued").as_object(), "messages"),
                    is_set(app, "provisioned") ? "file" : "managed",
                    names_of(app.at("domains").as_array())});
  }
  if (options.json) return 0;
  if (apps->empty()) {
    console.out() << "There is no app yet: `postern app add NAME` makes one.\n";
  } else {
    print_table(console.out(), rows);
  }
  return 0;
}

void print_app_standing(std::ostream& out, const json::object& app) {
  const json::object& standing = app.at("standing").as_object();
  print_line(out, is_set(app, "blocked") ? "blocked why" : "why", shown(standing, "why"));
  print_line(out, "standing", shown(standing, "state"));
  print_line(out, "since", moment(standing, "since"));
  print_line(out, "decided by", is_set(standing, "by_hand") ? "hand" : "");
  print_line(out, "until", moment(standing, "until"));
}

void print_app(std::ostream& out, const json::object& app) {
  out << fmt::format("{}  {}\n", shown(app, "name"), state_of(app));
  print_app_standing(out, app);
  for (const std::string_view member : {"owner", "contact", "upstream", "weight", "environment"})
    print_line(out, member, shown(app, member));
  print_line(out, "SES set", shown(app, "configuration_set"));
  print_line(out, "source", is_set(app, "provisioned") ? "configuration file" : "managed");
  print_line(out, "password", is_set(app, "has_password") ? "set" : "none");
  print_line(out, "added", moment(app, "added_at"));
  for (const json::key_value_pair& limit : app.at("limits").as_object()) {
    if (!limit.value().is_null())
      out << fmt::format(
          "  limit         {} {}\n", std::string_view(limit.key()), json::serialize(limit.value()));
  }
  const json::object& queued = app.at("queued").as_object();
  print_line(
      out,
      "queued",
      fmt::format("{} messages, {} octets", shown(queued, "messages"), shown(queued, "octets")));
  for (const json::value& each : app.at("domains").as_array()) {
    const json::object& domain = each.as_object();
    print_line(out, "domain", shown(domain, "name") + "  " + shown(domain, "status"));
  }
}

int show_app(Console& console, const AppOptions& options) {
  const auto app = console.ask_json({app_target(options)});
  if (!app) return 1;
  if (options.json) {
    console.print_json(*app);
  } else {
    print_app(console.out(), *app);
  }
  return 0;
}

int block(Console& console, const AppOptions& options) {
  return console.change(
      {app_target(options, "/block"), json::serialize(json::object{{"why", options.why}})},
      options.json,
      fmt::format("App {} is blocked: its mail is refused, and what waits is held.", options.name));
}

int unblock(Console& console, const AppOptions& options) {
  return console.change({app_target(options, "/unblock"), "{}"},
                        options.json,
                        fmt::format("App {} may send again.", options.name));
}

int impose(Console& console, const AppOptions& options) {
  json::object body{{"state", options.state}, {"reason", options.why}};
  put_number(body, "seconds", config::parse_duration(options.lasts));
  return console.change(
      {app_target(options, "/override"), json::serialize(body)},
      options.json,
      fmt::format("App {} is {} by hand, {}.",
                  options.name,
                  options.state,
                  options.lasts.empty()
                      ? fmt::format("until `postern app release {}`", options.name)
                      : "for " + options.lasts));
}

int release(Console& console, const AppOptions& options) {
  return console.change(
      {app_target(options, "/release"), "{}"},
      options.json,
      fmt::format("App {} is judged by its bounces and complaints again.", options.name));
}

int remove_app(Console& console, const AppOptions& options) {
  Request asked{app_target(options)};
  asked.removes = true;
  return console.change(std::move(asked),
                        options.json,
                        fmt::format("App {} is removed, with its tokens.", options.name));
}

std::string refuse_override_duration(const std::string& text) {
  const auto seconds = config::parse_duration(text);
  return seconds && *seconds > 0 && *seconds <= http::longest_override.count()
             ? std::string()
             : "write a time like 12h or 3d, at most 365d";
}

std::string refuse_size(const std::string& text) {
  return config::parse_size(text) ? std::string() : "write a size like 512KiB, 10MiB or 1GiB";
}

void add_limits(CLI::App& command, AppOptions& options) {
  command
      .add_option("--recipients-per-message",
                  options.recipients_per_message,
                  "at most so many (SES takes no more than 50)")
      ->check(CLI::Range(1, 50));
  command.add_option("--message-size", options.message_size, "the largest message, like 10MiB")
      ->check(refuse_size);
  command
      .add_option(
          "--queued-messages", options.queued_messages, "as many may wait, then it is refused")
      ->check(CLI::PositiveNumber);
  command.add_option("--queued-bytes", options.queued_bytes, "as much may wait, like 1GiB")
      ->check(refuse_size);
  for (const char* name : {"--per-minute", "--per-hour", "--per-day"})  // unseen until they land
    command.add_option(name)->group("")->check([name](const std::string&) -> std::string {
      throw CLI::ValidationError(name, "the feature behind it has not landed yet: leave it out");
    });
}

void add_settings(CLI::App& command, AppOptions& options) {
  command.add_option("--domain", options.domains, "a domain that it may send as; may be repeated")
      ->allow_extra_args(false);
  command.add_option("--owner", options.owner, "whose site it is; domains are shared by one owner");
  command.add_option("--contact", options.contact, "who is told of refusals and holds");
  command.add_option("--weight", options.weight, "its share of the rate")
      ->check(CLI::Range(std::int64_t{1}, http::heaviest));
  command.add_option("--upstream", options.upstream, "the only upstream that it uses");
  command.add_option(
      "--configuration-set", options.configuration_set, "the SES configuration set of its mail");
  add_limits(command, options);
}

}  // namespace

void add_app_commands(CLI::App& root, const std::shared_ptr<Console>& console, int& exit_code) {
  const auto options = std::make_shared<AppOptions>();
  CLI::App* app = root.add_subcommand("app", "the sites that send");
  app->require_subcommand(1);
  struct Verb {
    const char* name;
    const char* what;
    int (*run)(Console&, const AppOptions&);
  };
  constexpr Verb verbs[] = {
      {"add", "add a site; prints its password once", add_app},
      {"list", "the apps", list_apps},
      {"show", "one app", show_app},
      {"block", "refuse its mail, hold what waits", block},
      {"unblock", "take its mail again", unblock},
      {"override", "decide how far it may mail, whatever its reputation", impose},
      {"release", "end that; one that was held back is on probation", release},
      {"rotate-password", "give it another password", rotate_password},
      {"remove", "remove it; refused while mail of it is in the queue", remove_app}};
  for (const Verb& verb : verbs) {
    CLI::App* command = add_command(
        *app, verb.name, verb.what, exit_code, [=] { return verb.run(*console, *options); });
    command->add_flag("--json", options->json, "the outcome as JSON, for lists one object a line");
    if (verb.run != list_apps) command->add_option("NAME", options->name, "the app")->required();
  }
  add_settings(*app->get_subcommand("add"), *options);
  constexpr const char* why = "a sentence for the site's administrator";
  app->get_subcommand("block")->add_option("--why", options->why, why)->required();
  CLI::App* override_command = app->get_subcommand("override");
  override_command->add_option("--state", options->state, "how far it may mail")
      ->check(CLI::IsMember({"normal", "restricted", "blocked"}))
      ->required();
  override_command
      ->add_option(
          "--for", options->lasts, "so long, like 12h or 3d; until it is released if left out")
      ->check(refuse_override_duration);
  override_command->add_option("--reason", options->why, why)->required();
}

}  // namespace cli
