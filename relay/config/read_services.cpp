#include "relay/config/parts.hpp"
#include "relay/config/url.hpp"
#include "relay/config/values.hpp"

#include <fmt/format.h>

namespace config {

void read_dns(const Section& root, Dns& dns) {
  const Section section = root.section("dns");
  constexpr std::array dnssec_words{Word<bool>{"off", false}, Word<bool>{"on", true}};
  section.read("timeout", dns.timeout);
  section.read("dnssec", dnssec_words, dns.dnssec);
  section.read("private_servers", dns.private_servers);
  for (const Node* item : section.items("servers")) {
    auto server = parse_server(item->scalar);
    if (server)
      dns.servers.push_back(*std::move(server));
    else
      section.findings().mistake(
          item->place, fmt::format("{} {}", in_quotes(item->scalar), server.error().sentence()));
  }
}

void read_aws(const Section& root, const Config& config, Aws& aws) {
  if (!root.has("aws")) return;
  constexpr std::array identity_words{Word<Identities>{"off", Identities::off},
                                      Word<Identities>{"read", Identities::read},
                                      Word<Identities>{"manage", Identities::manage}};
  const Section section = root.section("aws");
  for (const Upstream& upstream : config.upstreams)
    if (aws.region.empty()) aws.region = upstream.region;
  section.read("region", aws.region);
  section.read_secret("access_key_id", aws.access_key_id);
  section.read_secret("secret_access_key", aws.secret_access_key);
  section.read("endpoint", aws.endpoint);
  section.read("identities", identity_words, aws.identities);
  if (!is_region(aws.region))
    section.mistake("region", "`region` is missing: write the AWS region, like eu-central-1");
  if (aws.access_key_id.empty() != aws.secret_access_key.empty())
    section.mistake(aws.access_key_id.empty() ? "secret_access_key" : "access_key_id",
                    "`access_key_id` and `secret_access_key` go together: give both or none");
  if (!aws.endpoint.empty() && !parse_url(aws.endpoint))
    section.mistake("endpoint", "`endpoint` is no URL: write one like https://127.0.0.1:4566");
}

}  // namespace config
