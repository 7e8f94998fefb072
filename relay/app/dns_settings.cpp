#include "relay/app/dns_settings.hpp"

#include "relay/app/aws_access.hpp"

namespace app {

domains::UnboundOptions resolver_options(const config::Dns& dns) {
  domains::UnboundOptions options;
  options.servers = dns.servers;
  options.timeout = dns.timeout;
  options.dnssec = dns.dnssec;
  options.private_servers = dns.private_servers;
  return options;
}

std::string region_of_ses(const config::Config& settings) {
  for (const config::Upstream& upstream : settings.upstreams)
    if (upstream.kind == config::UpstreamKind::ses) return ses_region(settings, upstream);
  return {};
}

}  // namespace app
