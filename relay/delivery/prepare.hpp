#pragma once

#include "dkim/signer.hpp"
#include "mail/result.hpp"
#include "relay/config/config.hpp"
#include "relay/spool/entry.hpp"

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace delivery {

/// What signs, by configured sender domain: an immutable snapshot, replaced whole on reload.
struct Keyring {
  std::map<std::string, std::shared_ptr<const dkim::Signer>, std::less<>> signers;
  std::map<std::string, std::string, std::less<>>
      configuration_sets;  ///< by app, where it has its own

  [[nodiscard]] const dkim::Signer* signer(std::string_view domain) const;
};

/// The octets as they go upstream, dot-stuffed and with the final dot: header mended, tagged for
/// SES, signed. A Failure means that the message must wait: it never leaves unsigned.
[[nodiscard]] mail::Result<std::string> prepare(const spool::Job& job,
                                                const Keyring& keyring,
                                                const config::Upstream& upstream,
                                                std::chrono::system_clock::time_point now);

}  // namespace delivery
