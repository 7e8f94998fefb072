#pragma once

#include <boost/asio/ip/address.hpp>

namespace domains {

/// May a stranger's zone send us there? Not to what IANA's special-purpose registries (RFC 6890)
/// list as loopback, private, link-local, shared, documentation, benchmarking, translated or
/// reserved, nor to multicast.
[[nodiscard]] bool is_public(const boost::asio::ip::address& address);

}  // namespace domains
