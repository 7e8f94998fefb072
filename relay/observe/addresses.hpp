#pragma once

#include "relay/config/config.hpp"

#include <string>
#include <string_view>

namespace observe {

/// Foreign text of any kind with each mail address in it shown as `how` says: masked
/// `a***@example.org`, hashed (16 hexadecimal digits of HMAC-SHA256 under `key`, then the domain),
/// or full. A local part is never shown in part beyond its first character, quoted local parts
/// included.
[[nodiscard]] std::string with_addresses(std::string_view text,
                                         config::LogAddresses how,
                                         std::string_view key);

}  // namespace observe
