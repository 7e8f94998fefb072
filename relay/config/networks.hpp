#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace config {

/// May a stranger's name or URL send us to this literal IP address? Not to what IANA's
/// special-purpose registries (RFC 6890) list as loopback, private, link-local, shared,
/// documentation, benchmarking, translated or reserved, nor to multicast; what is no address is not
/// public.
[[nodiscard]] bool is_public(std::string_view address);

/// Whether a literal IP address is in one of these networks, each in CIDR form as parse_network()
/// gives it. An IPv4 address is in no IPv6 network, mapped or not.
[[nodiscard]] bool is_within(std::string_view address, const std::vector<std::string>& networks);

}  // namespace config
