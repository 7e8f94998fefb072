#pragma once

#include "relay/config/config.hpp"
#include "relay/delivery/prepare.hpp"
#include "relay/delivery/reporter.hpp"
#include "relay/delivery/scheduler.hpp"
#include "relay/domains/catalog.hpp"
#include "relay/net/directory.hpp"

#include <memory>
#include <string>
#include <vector>

namespace app {

/// What follows from apps and domains, made anew with each change of theirs.
struct Standings {
  std::shared_ptr<const net::Directory> directory;
  std::shared_ptr<const delivery::Keyring> keyring;
  std::shared_ptr<const delivery::ReportAddresses> report_addresses;
  delivery::Apportionment apportionment;
};
[[nodiscard]] Standings make_standings(const config::Config& settings,
                                       const domains::Catalog& catalog,
                                       const std::string& relay_tag);

/// The bound of the app that may send most, in octets: what EHLO announces.
[[nodiscard]] std::uint64_t largest_message(const domains::Catalog& catalog);

[[nodiscard]] std::vector<std::shared_ptr<const config::Upstream>> upstream_settings(
    const config::Config& settings);
[[nodiscard]] std::shared_ptr<const smtp::RetryRules> retry_rules(const config::Config& settings);

}  // namespace app
