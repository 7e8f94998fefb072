#pragma once

#include "dkim/signer.hpp"
#include "mail/result.hpp"
#include "relay/config/config.hpp"
#include "relay/delivery/prepare.hpp"
#include "relay/delivery/reporter.hpp"
#include "relay/delivery/scheduler.hpp"
#include "relay/net/directory.hpp"

#include <memory>
#include <string>
#include <vector>

namespace app {

/// Everything that a reload replaces, made whole or not at all.
struct Snapshot {
  std::shared_ptr<const net::Directory> directory;
  std::shared_ptr<const delivery::Keyring> keyring;
  std::vector<std::shared_ptr<const config::Upstream>> upstreams;
  std::shared_ptr<const smtp::RetryRules> rules;
  std::shared_ptr<const delivery::ReportAddresses> report_addresses;
  delivery::Apportionment apportionment;
  std::vector<std::string>
      notices;  ///< what the operator should know: a key was made, its record is to be published
};

/// Reads and makes keys, hashes credentials. A Failure is one sentence with the mend.
[[nodiscard]] mail::Result<Snapshot> make_snapshot(const config::Config& settings,
                                                   dkim::Library& library);

}  // namespace app
