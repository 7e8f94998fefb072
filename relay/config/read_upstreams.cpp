#include "relay/config/key_files.hpp"
#include "relay/config/parts.hpp"
#include "relay/config/values.hpp"

#include <fmt/format.h>

namespace config {
namespace {

constexpr std::array kind_words{Word<UpstreamKind>{"ses", UpstreamKind::ses},
                                Word<UpstreamKind>{"smtp", UpstreamKind::smtp},
                                Word<UpstreamKind>{"capture", UpstreamKind::capture}};
constexpr std::array starttls_words{Word<bool>{"implicit", false}, Word<bool>{"starttls", true}};

std::string ses_host(std::string_view region) {
  return fmt::format(
      "email-smtp.{}.amazonaws.com{}", region, region.starts_with("cn-") ? ".cn" : "");
}

void read_reach(const Section& section, Upstream& upstream) {
  section.read("region", upstream.region);
  if (!upstream.region.empty() && !is_region(upstream.region))
    section.mistake("region",
                    fmt::format("{} is not an AWS region: write it like eu-central-1",
                                in_quotes(upstream.region)));
  if (upstream.kind == UpstreamKind::ses && !upstream.region.empty())
    upstream.host = ses_host(upstream.region);
  section.read("host", upstream.host);
  if (section.has("host") && !is_host(upstream.host))
    section.mistake("host",
                    fmt::format("{} is neither a host name nor an IP address: write one",
                                in_quotes(upstream.host)));
  section.read("tls", starttls_words, upstream.starttls);
  upstream.port = upstream.starttls ? 587 : 465;
  if (const auto port = section.integer("port")) upstream.port = static_cast<std::uint16_t>(*port);
  section.read("tls_ca_file", upstream.tls_ca_file);
  if (upstream.tls_ca_file.empty()) return;
  if (auto fault = fault_of_certificate(upstream.tls_ca_file))
    section.mistake("tls_ca_file", *fault);
}

void read_credentials(const Section& section, Upstream& upstream) {
  section.read_secret("username", upstream.username);
  section.read_secret("password", upstream.password);
  const bool has_username = section.has("username") || section.has("username_file");
  const bool has_password = section.has("password") || section.has("password_file");
  const bool needed = upstream.kind == UpstreamKind::ses;
  if (!has_username && (needed || has_password))
    section.mistake(
        "username",
        "`username` is missing: give `username_file: PATH` (for SES the SMTP user name)");
  if (!has_password && (needed || has_username))
    section.mistake("password",
                    "`password` is missing: give `password_file: PATH` (for SES `postern "
                    "smtp-password` makes it)");
}

void read_server(const Section& section, Upstream& upstream) {
  read_reach(section, upstream);
  read_credentials(section, upstream);
  if (!upstream.host.empty() || section.has("host")) return;
  section.mistake("host",
                  upstream.kind == UpstreamKind::ses
                      ? "`region` is missing: give it, like `region: eu-central-1`, or a `host`"
                      : "`host` is missing: give the name of the smarthost");
}

void read_rate(const Section& section, Upstream& upstream) {
  std::string rate;
  section.read("max_rate", rate);
  if (rate != "auto") upstream.max_rate = parse_rate(rate);
}

Upstream read_upstream(const Section& section) {
  Upstream upstream;
  section.read("name", upstream.name);
  section.read("kind", kind_words, upstream.kind);
  section.read("configuration_set", upstream.configuration_set);
  if (!upstream.configuration_set.empty() && !is_configuration_set(upstream.configuration_set))
    section.mistake("configuration_set",
                    "a configuration set's name is 1 to 64 letters, digits, `-` and `_`: write the "
                    "one shown by SES");
  if (const auto connections = section.integer("max_connections"))
    upstream.max_connections = static_cast<unsigned>(*connections);
  read_rate(section, upstream);
  section.read("directory", upstream.directory);
  if (upstream.kind != UpstreamKind::capture)
    read_server(section, upstream);
  else if (!section.has("directory"))
    section.mistake("directory",
                    "`directory` is missing: `kind: capture` needs to know where to write");
  return upstream;
}

}  // namespace

void read_upstreams(const Section& root, Config& config) {
  for (const Section& section : root.sections("upstream"))
    config.upstreams.push_back(read_upstream(section));
}

void check_upstreams(const Section& root, const Config& config) {
  check_unique(root.sections("upstream"), config.upstreams, "upstream", "give each its own `name`");
}

}  // namespace config
