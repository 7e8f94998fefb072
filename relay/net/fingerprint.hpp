#pragma once

#include "relay/spool/entry.hpp"

namespace net {

/// What makes a message the very same as another: its app, its envelope and every octet of it, by
/// SHA-256. The message must have its octets.
[[nodiscard]] spool::Fingerprint fingerprint(const spool::Job& job);

}  // namespace net
