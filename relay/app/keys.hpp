#pragma once

#include "dkim/key.hpp"
#include "mail/result.hpp"
#include "relay/config/config.hpp"

#include <filesystem>

namespace app {

/// Where a domain's private key lies: key_file, or data_dir/keys/NAME.SELECTOR.pem.
[[nodiscard]] std::filesystem::path key_path(const config::Domain& domain,
                                             const std::filesystem::path& data_dir);

/// The DNS record to publish for a key that was made, as a line of a zone file: beside the key,
/// NAME.SELECTOR.txt.
[[nodiscard]] std::filesystem::path record_path(const std::filesystem::path& key_file);

/// Reads a domain's key; makes one (0600) where no key_file is given and there is none yet, unless
/// data_dir is not durable. `made` tells which. A Failure is one sentence with the mend.
[[nodiscard]] mail::Result<dkim::PrivateKey> signing_key(const config::Domain& domain,
                                                         const config::Config& settings,
                                                         bool& made);

}  // namespace app
