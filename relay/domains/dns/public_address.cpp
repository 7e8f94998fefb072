#include "relay/domains/dns/public_address.hpp"

#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>

#include <algorithm>
#include <array>
#include <string_view>

namespace domains {
namespace {

namespace ip = boost::asio::ip;

constexpr std::array special_v4{"0.0.0.0/8",
                                "10.0.0.0/8",
                                "100.64.0.0/10",
                                "127.0.0.0/8",
                                "169.254.0.0/16",
                                "172.16.0.0/12",
                                "192.0.0.0/24",
                                "192.0.2.0/24",
                                "192.88.99.0/24",
                                "192.168.0.0/16",
                                "198.18.0.0/15",
                                "198.51.100.0/24",
                                "203.0.113.0/24",
                                "224.0.0.0/4",
                                "240.0.0.0/4"};

/// The one block that global unicast addresses come from, and what of it is special.
constexpr std::string_view global_v6 = "2000::/3";
constexpr std::array special_v6{"2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"};

bool within(std::string_view network, const ip::address_v4& address) {
  const auto block = ip::make_network_v4(network);
  return block.canonical() == ip::network_v4(address, block.prefix_length()).canonical();
}

bool within(std::string_view network, const ip::address_v6& address) {
  const auto block = ip::make_network_v6(network);
  return block.canonical() == ip::network_v6(address, block.prefix_length()).canonical();
}

}  // namespace

bool is_public(const ip::address& address) {
  if (address.is_v4())
    return std::ranges::none_of(special_v4, [v4 = address.to_v4()](std::string_view network) {
      return within(network, v4);
    });
  const ip::address_v6 v6 = address.to_v6();
  return within(global_v6, v6) && std::ranges::none_of(special_v6, [&v6](std::string_view network) {
           return within(network, v6);
         });
}

}  // namespace domains
