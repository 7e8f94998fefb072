#pragma once

#include "relay/domains/catalog.hpp"
#include "relay/spool/entry.hpp"

#include <cstdint>

namespace app {

/// A message of the domain to SES's mailbox simulator, for an app that may send as it: whether SES
/// takes it tells whether SES has verified the domain, where nobody may ask its API. The simulator
/// counts to no quota and no reputation (Amazon SES developer guide, mailbox simulator).
[[nodiscard]] spool::Job probe_of(const domains::Association& right,
                                  spool::WallTime now,
                                  std::uint32_t random);

}  // namespace app
