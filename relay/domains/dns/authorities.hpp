#pragma once

#include "policy/dns_answer.hpp"

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

namespace domains {

inline constexpr int most_labels_walked = 10;            ///< upwards, in search of the zone
inline constexpr std::size_t most_server_addresses = 8;  ///< asked about one name
inline constexpr int most_zones_followed = 8;            ///< by CNAMEs from zone to zone

/// How authoritative servers are asked.
struct AuthorityRules {
  std::chrono::milliseconds timeout{5000};  ///< of each server
  /// Ask also at addresses that are not public: a stranger's zone may then have this machine talk
  /// to its own network.
  bool private_servers = false;
  std::uint16_t port = 53;
};

/// Asks a caching resolver.
using Ask = std::function<boost::asio::awaitable<policy::DnsAnswer>(policy::DnsQuestion)>;

/// One answer a server address of the zone that holds the name, the servers asked at the same time;
/// what this machine has no route to is left out. A CNAME that leaves the zone is followed: the
/// answers are then those of the servers of the zone it leads to, after the failures of those that
/// gave none. None where the zone's servers cannot be found.
[[nodiscard]] boost::asio::awaitable<std::vector<policy::DnsAnswer>> ask_zone_servers(
    Ask ask, policy::DnsQuestion question, AuthorityRules rules);

}  // namespace domains
