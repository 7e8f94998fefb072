#include "relay/cli/domain_commands.hpp"

#include "relay/cli/domain_print.hpp"
#include "relay/cli/shown.hpp"
#include "relay/http/bounds.hpp"

#include <CLI/CLI.hpp>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>

namespace cli {

namespace {

namespace json = boost::json;

// A round waits for DNS servers that are silent, and for SES.
constexpr auto longest_round = std::chrono::minutes(2);

struct DomainOptions {
  std::string name, app, owner, signing, algorithm, selector, mail_from;
  std::filesystem::path key_file;
  std::string format = "table";
  bool subdomains = false, allow_weak = false, json = false;
  bool published = false, abandon = false, removed = false;
};

std::string domain_target(const std::string& name, std::string_view what = {}) {
  return fmt::format("/api/v1/domains/{}{}", url_encoded(name), what);
}

// The key's text; for a file that is none, it has been said why.
std::optional<std::string> read_key(Console& console, const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::string pem(http::longest_pem + 1, '\0');
  stream.read(pem.data(), static_cast<std::streamsize>(pem.size()));
  pem.resize(static_cast<std::size_t>(stream.gcount()));
  if (pem.starts_with("-----BEGIN ") && pem.size() <= http::longest_pem) return pem;
  console.complain(fmt::format(
      "{} is no PEM file that can be read: give the file of an RSA or Ed25519 private key.",
      file.string()));
  return std::nullopt;
}

json::object domain_body(const DomainOptions& options) {
  json::object body{{"name", options.name}};
  put(body, "app", options.app);
  put(body, "owner", options.owner);
  put(body, "signing", options.signing);
  put(body, "algorithm", options.algorithm);
  put(body, "selector", options.selector);
  put(body, "mail_from", options.mail_from);
  if (options.subdomains) body["subdomains"] = true;
  if (options.allow_weak) body["allow_weak"] = true;
  return body;
}

int print_records(Console& console, const std::string& name, const std::string& format) {
  const std::string target = domain_target(name, "/records?format=" + format);
  if (format == "json") {
    const auto records = console.ask_json({target});
    if (!records) return 1;
    console.print_json(*records);
    return 0;
  }
  const auto text = console.ask_text({target});
  if (!text) return 1;
  console.print_text(*text);
  return 0;
}

int add_domain(Console& console, const DomainOptions& options) {
  json::object body = domain_body(options);
  if (!options.key_file.empty()) {
    auto pem = read_key(console, options.key_file);
    if (!pem) return 1;
    body["pem"] = *std::move(pem);
  }
  const auto added = console.ask_json({"/api/v1/domains", json::serialize(body)});
  if (!added) return 1;
  if (options.json) {
    console.print_json(*added);
    return 0;
  }
  const std::string name = shown(*added, "name");
  console.out() << fmt::format("Domain {} is added. Publish these records:\n\n", name);
  if (const int failed = print_records(console, name, "table"); failed != 0) return failed;
  console.out() << fmt::format("\nThen `postern domain verify {}` looks whether they are there.\n",
                               name);
  return 0;
}

int list_domains(Console& console, const DomainOptions& options) {
  const std::string of_app = options.app.empty() ? "" : "?app=" + url_encoded(options.app);
  const auto domains = console.ask_list("/api/v1/domains" + of_app, "domains");
  if (!domains) return 1;
  if (options.json) {
    for (const json::value& domain : *domains) console.print_json(domain.as_object());
  } else if (domains->empty()) {
    console.out() << "There is no such domain yet: `postern domain add NAME` makes one.\n";
  } else {
    print_domains(console.out(), *domains);
  }
  return 0;
}

int show_domain(Console& console, const DomainOptions& options) {
  const auto domain = console.ask_json({domain_target(options.name)});
  if (!domain) return 1;
  if (options.json) {
    console.print_json(*domain);
  } else {
    print_domain(console.out(), *domain);
  }
  return 0;
}

int records(Console& console, const DomainOptions& options) {
  return print_records(console, options.name, options.json ? "json" : options.format);
}

int verify(Console& console, const DomainOptions& options) {
  const auto domain = console.ask_json(
      {.target = domain_target(options.name, "/verify"), .body = "{}", .limit = longest_round});
  if (!domain) return 1;
  if (options.json) {
    console.print_json(*domain);
  } else {
    print_checks(console.out(), *domain);
  }
  return has_trouble(*domain) ? 1 : 0;
}

Request about_app(const DomainOptions& options, std::string_view what) {
  return {domain_target(options.name, what), json::serialize(json::object{{"app", options.app}})};
}

int associate(Console& console, const DomainOptions& options) {
  return console.change(about_app(options, "/associate"),
                        options.json,
                        fmt::format("App {} may send as {}.", options.app, options.name));
}

int dissociate(Console& console, const DomainOptions& options) {
  return console.change(about_app(options, "/dissociate"),
                        options.json,
                        fmt::format("App {} may no longer send as {}.", options.app, options.name));
}

std::string_view rotated(const DomainOptions& options) {
  if (options.published) return "The next key signs from now on; leave the old record for a week.";
  if (options.abandon) return "The next key is given up; the present one goes on signing.";
  if (options.removed) return "The old key is let go of.";
  return "The next key is made. Publish its record beside the present one's; it signs once every "
         "server has shown it (of a trusted domain: once you say --published):";
}

int rotate_key(Console& console, const DomainOptions& options) {
  json::object body;
  if (options.published) body["published"] = true;
  if (options.abandon) body["abandon"] = true;
  if (options.removed) body["removed"] = true;
  const bool begins = body.empty();
  const int failed =
      console.change({domain_target(options.name, "/rotate-key"), json::serialize(body)},
                     options.json,
                     rotated(options));
  if (failed != 0 || options.json || !begins) return failed;
  console.out() << '\n';
  return print_records(console, options.name, "table");
}

int export_key(Console& console, const DomainOptions& options) {
  const auto key =
      console.ask_json({domain_target(options.name, "/export-key"),
                        json::serialize(json::object{{"selector", options.selector}})});
  if (!key) return 1;
  if (options.json) {
    console.print_json(*key);
  } else {
    console.print_text(std::string_view(key->at("pem").as_string()));
  }
  return 0;
}

int remove_domain(Console& console, const DomainOptions& options) {
  Request asked{domain_target(options.name)};
  asked.removes = true;
  return console.change(std::move(asked),
                        options.json,
                        fmt::format("Domain {} is removed: its records may go.", options.name));
}

void add_setup(CLI::App& command, DomainOptions& options) {
  command.add_option("--app", options.app, "the app that sends as it");
  command.add_option("--owner", options.owner, "whose it is (default: the app's owner)");
  command.add_flag("--subdomains", options.subdomains, "names below it are covered too");
  command.add_option("--signing", options.signing, "who signs: local (the relay) or ses")
      ->check(CLI::IsMember({"local", "ses"}));
  command.add_option("--algorithm", options.algorithm, "of a key that is made: rsa2048 or ed25519")
      ->check(CLI::IsMember({"rsa2048", "ed25519"}));
  command.add_option("--selector", options.selector, "the key's name in DNS (default: p1)");
  command.add_option(
      "--mail-from", options.mail_from, "custom MAIL FROM domain, below it: bounces go there");
  CLI::Option* file =
      command.add_option("--key-file", options.key_file, "a private key (PEM) to use");
  command.add_flag("--allow-weak", options.allow_weak, "take a key of 1024 to 2047 bits too")
      ->needs(file);
}

void add_options(CLI::App& domain, DomainOptions& options) {
  add_setup(*domain.get_subcommand("add"), options);
  domain.get_subcommand("list")->add_option("--app", options.app, "only of this app");
  domain.get_subcommand("records")
      ->add_option("--format", options.format, "table, zone, json or terraform")
      ->check(CLI::IsMember({"table", "zone", "json", "terraform"}));
  for (const char* name : {"associate", "dissociate"})
    domain.get_subcommand(name)->add_option("--app", options.app, "the app")->required();
  CLI::App* rotates = domain.get_subcommand("rotate-key");
  CLI::Option* abandon =
      rotates->add_flag("--abandon", options.abandon, "give the next key up before it signs");
  CLI::Option* removed =
      rotates->add_flag("--removed", options.removed, "say that the old key's record is removed")
          ->excludes(abandon);
  rotates
      ->add_flag("--published",
                 options.published,
                 "say that the next key's record of a trusted domain is published")
      ->excludes(abandon)
      ->excludes(removed);
  domain.get_subcommand("export-key")
      ->add_option("--selector", options.selector, "which key")
      ->required();
}

}  // namespace

void add_domain_commands(CLI::App& root, const std::shared_ptr<Console>& console, int& exit_code) {
  const auto options = std::make_shared<DomainOptions>();
  CLI::App* domain = root.add_subcommand("domain", "the domains that sites send as");
  domain->require_subcommand(1);
  struct Verb {
    const char* name;
    const char* what;
    int (*run)(Console&, const DomainOptions&);
  };
  constexpr Verb verbs[] = {
      {"add", "add a sender domain; prints the records to publish", add_domain},
      {"list", "the sender domains", list_domains},
      {"show", "one domain with all that is known of it", show_domain},
      {"records", "the DNS records to publish", records},
      {"verify", "check the records now; exit 1 while a required one is wrong", verify},
      {"associate", "let an app send as the domain", associate},
      {"dissociate", "let it no longer", dissociate},
      {"rotate-key", "make the next key", rotate_key},
      {"export-key", "print a private key", export_key},
      {"remove", "remove the domain", remove_domain}};
  for (const Verb& verb : verbs) {
    CLI::App* command = add_command(
        *domain, verb.name, verb.what, exit_code, [=] { return verb.run(*console, *options); });
    command->add_flag("--json", options->json, "the outcome as JSON, for lists one object a line");
    if (verb.run != list_domains)
      command->add_option("NAME", options->name, "the domain")->required();
  }
  add_options(*domain, *options);
}

}  // namespace cli
