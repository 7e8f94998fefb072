#include "mail/result.hpp"
#include "policy/address.hpp"
#include "policy/public_suffix.hpp"
#include "relay/config/key_files.hpp"
#include "relay/config/nearest.hpp"
#include "relay/config/parts.hpp"
#include "relay/config/secret.hpp"
#include "relay/config/values.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace config {
namespace {

constexpr std::array algorithm_words{Word<KeyAlgorithm>{"rsa2048", KeyAlgorithm::rsa2048},
                                     Word<KeyAlgorithm>{"ed25519", KeyAlgorithm::ed25519}};

constexpr std::array verify_words{Word<bool>{"dns", false}, Word<bool>{"trusted", true}};
constexpr std::array signing_words{Word<policy::SigningMode>{"local", policy::SigningMode::local},
                                   Word<policy::SigningMode>{"ses", policy::SigningMode::ses}};

/// The name in the form that is compared; as written, with a mistake, when it is none.
std::string normal_name(const Section& section, const Node& node) {
  auto name = policy::normal_domain(node.scalar);
  if (name) return *std::move(name);
  section.findings().mistake(
      node.place, fmt::format("{}: {}", in_quotes(node.scalar), name.error().sentence()));
  return node.scalar;
}

void read_selector(const Section& section, Domain& domain) {
  domain.selector = "p1";
  section.read("selector", domain.selector);
  if (!is_host(domain.selector))
    section.mistake("selector",
                    fmt::format("{} cannot stand in DNS: write letters, digits and `-`, like p1",
                                in_quotes(domain.selector)));
}

void read_key(const Section& section, Domain& domain, bool data_dir_durable) {
  section.read("algorithm", algorithm_words, domain.algorithm);
  if (domain.algorithm == KeyAlgorithm::ed25519)
    section.warn(
        "algorithm",
        "few receivers verify ed25519, and only one signature can pass SES: prefer rsa2048");
  section.read("key_file", domain.key_file);
  if (!domain.key_file.empty()) {
    if (auto fault = fault_of_dkim_key(domain.key_file, domain.algorithm))
      section.mistake("key_file", *fault);
  } else if (!data_dir_durable && !section.has("key_file")) {
    section.mistake("name",
                    "`key_file` is missing: with `data_dir_durable: false` no key is generated, "
                    "because it would be lost with the "
                    "directory");
  }
}

void read_mail_from(const Section& section, Domain& domain) {
  const Node* written = section.node("mail_from");
  if (written == nullptr) return;
  domain.mail_from = normal_name(section, *written);
  if (!domain.name.empty() && !domain.mail_from.ends_with("." + domain.name))
    section.mistake("mail_from",
                    fmt::format("{} is not under {}: write a name like bounce.{}",
                                in_quotes(written->scalar),
                                domain.name,
                                domain.name));
}

Domain read_domain(const Section& section, bool data_dir_durable) {
  Domain domain;
  if (const Node* name = section.node("name")) domain.name = normal_name(section, *name);
  read_selector(section, domain);
  read_key(section, domain, data_dir_durable);
  section.read("subdomains", domain.subdomains);
  section.read("verify", verify_words, domain.trusted);
  section.read("signing", signing_words, domain.signing);
  read_mail_from(section, domain);
  return domain;
}

void read_password(const Section& section, App& app) {
  section.read_secret("password", app.password);
  if (app.password.empty()) return;
  const std::string key = section.has("password") ? "password" : "password_file";
  if (auto fault = weakness(app.password.reveal()))
    section.mistake(key,
                    fmt::format("the app's password {} and give the same to the site", *fault));
}

void read_urgent(const Section& section, App& app) {
  for (const Node* item : section.items("urgent")) {
    if (!is_link_path(item->scalar))
      section.findings().mistake(
          item->place,
          fmt::format("{} is not the path of a link: write one like /login/code/, without `?` and "
                      "`#`, of 2 to 200 characters",
                      in_quotes(item->scalar)));
    app.urgent_paths.push_back(item->scalar);
  }
}

void read_limits(const Section& section, policy::Limits& limits) {
  if (const auto recipients = section.integer("recipients_per_message"))
    limits.recipients_per_message = static_cast<std::uint64_t>(*recipients);
  section.read_size("message_size", limits.message_size);
  if (const auto messages = section.integer("queued_messages"))
    limits.queued_messages = static_cast<std::uint64_t>(*messages);
  if (section.has("queued_bytes")) section.read_size("queued_bytes", limits.queued_bytes.emplace());
}

App read_app(const Section& section) {
  App app;
  section.read("name", app.name);
  if (!app.name.empty() && !is_app_name(app.name))
    section.mistake(
        "name",
        fmt::format("{} is no app name: write 1 to 63 of a-z, 0-9 and `-`, not beginning with `-`",
                    in_quotes(app.name)));
  read_password(section, app);
  read_address(section, "contact", "web@example.com", app.contact);
  section.read("owner", app.owner);
  if (!app.owner.empty() && !is_app_name(app.owner))
    section.mistake("owner",
                    fmt::format("{} is no owner's name: write 1 to 63 of a-z, 0-9 and `-`",
                                in_quotes(app.owner)));
  if (const auto weight = section.integer("weight")) app.weight = static_cast<unsigned>(*weight);
  read_urgent(section, app);
  section.read("upstream", app.upstream);
  section.section("ses").read("configuration_set", app.configuration_set);
  if (!app.configuration_set.empty() && !is_configuration_set(app.configuration_set))
    section.section("ses").mistake("configuration_set",
                                   "a configuration set's name is 1 to 64 letters, digits, `-` and "
                                   "`_`: write the one shown by SES");
  for (const Node* item : section.items("domains"))
    app.domains.push_back(normal_name(section, *item));
  read_limits(section.section("limits"), app.limits);
  return app;
}

void check_app_domains(const Section& section, const App& app, const Config& config) {
  const std::vector<const Node*> items = section.items("domains");
  std::vector<std::string> names;
  names.reserve(config.domains.size());
  for (const Domain& domain : config.domains) names.push_back(domain.name);
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (std::ranges::find(names, app.domains[i]) != names.end()) continue;
    const std::string near = nearest(app.domains[i], names);
    section.findings().mistake(
        items[i]->place,
        fmt::format(
            "{} does not stand in `domains`: {}",
            in_quotes(app.domains[i]),
            near.empty() ? "add it there" : fmt::format("write `{}` or add it there", near)));
  }
}

/// A domain serves the apps of one owner only.
void check_app_owner(const Section& section, const App& app, const Config& config) {
  const auto shares = [&](const App& other) {
    return other.owner != app.owner && std::ranges::any_of(app.domains, [&](const auto& domain) {
             return std::ranges::find(other.domains, domain) != other.domains.end();
           });
  };
  const auto other = std::ranges::find_if(config.apps, shares);
  if (other == config.apps.end()) return;
  section.mistake("domains",
                  fmt::format("{} and {} share a domain but not their `owner`: give both the same "
                              "one, or each a domain of its own",
                              in_quotes(app.name),
                              in_quotes(other->name)));
}

void check_app_reach(const Section& section, const App& app, const Config& config) {
  const bool has_password = section.has("password") || section.has("password_file");
  const bool bound = std::ranges::any_of(
      config.smtp, [&](const SmtpListener& listener) { return listener.app == app.name; });
  if (!has_password && !bound && !config.smtp.empty())
    section.mistake(
        "name",
        fmt::format(
            "nobody can send as {}: give `password_file`, or bind a listener to it with `app: {}`",
            in_quotes(app.name),
            app.name));
}

void check_app_upstream(const Section& section, const App& app, const Config& config) {
  std::vector<std::string> names;
  names.reserve(config.upstreams.size());
  for (const Upstream& upstream : config.upstreams) names.push_back(upstream.name);
  if (app.upstream.empty() || std::ranges::find(names, app.upstream) != names.end()) return;
  const std::string near = nearest(app.upstream, names);
  section.mistake("upstream",
                  fmt::format("no upstream is named {}: {}",
                              in_quotes(app.upstream),
                              near.empty() ? "write the `name` of one, or remove the key"
                                           : fmt::format("write `{}`", near)));
}

}  // namespace

void read_domains(const Section& root, Config& config) {
  for (const Section& section : root.sections("domains"))
    config.domains.push_back(read_domain(section, config.data_dir_durable));
}

void read_apps(const Section& root, Config& config) {
  for (const Section& section : root.sections("apps")) config.apps.push_back(read_app(section));
}

void check_domains(const Section& root, const Config& config) {
  const std::vector<Section> sections = root.sections("domains");
  check_unique(sections, config.domains, "domain", "keep one");
  for (std::size_t i = 0; i < sections.size(); ++i) {
    const std::string& name = config.domains[i].name;
    if (name.empty() || !policy::is_public_suffix(name)) continue;
    sections[i].mistake(
        "name",
        fmt::format("{} is a public suffix, which nobody owns: write the name below it",
                    in_quotes(name)));
  }
}

void check_apps(const Section& root, const Config& config) {
  const std::vector<Section> sections = root.sections("apps");
  check_unique(sections, config.apps, "app", "keep one");
  for (std::size_t i = 0; i < sections.size(); ++i) {
    check_app_domains(sections[i], config.apps[i], config);
    check_app_owner(sections[i], config.apps[i], config);
    check_app_reach(sections[i], config.apps[i], config);
    check_app_upstream(sections[i], config.apps[i], config);
  }
}

}  // namespace config
