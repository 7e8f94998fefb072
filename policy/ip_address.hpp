#pragma once

#include <string_view>

namespace policy {

[[nodiscard]] bool is_ip4_address(std::string_view text) noexcept;  ///< four numbers, dots between
[[nodiscard]] bool is_ip6_address(std::string_view text) noexcept;  ///< RFC 4291 2.2

/// An address, or one with a prefix length behind a slash, as SPF's ip4 and ip6 take them.
[[nodiscard]] bool is_ip4_network(std::string_view text) noexcept;
[[nodiscard]] bool is_ip6_network(std::string_view text) noexcept;

}  // namespace policy
