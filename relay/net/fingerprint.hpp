#pragma once

#include "relay/spool/entry.hpp"

#include <span>
#include <string_view>

namespace net {

/// 128 bits of SHA-256 over texts with their lengths, so that no two lists of texts look alike.
[[nodiscard]] spool::Fingerprint fingerprint(std::span<const std::string_view> texts);

/// What makes a message the very same as another: its app, its envelope and every octet of it, by
/// SHA-256. The message must have its octets.
[[nodiscard]] spool::Fingerprint fingerprint(const spool::Job& job);

}  // namespace net
