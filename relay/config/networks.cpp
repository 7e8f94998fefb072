#include "relay/config/networks.hpp"

#include "relay/config/values.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace config {
namespace {

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

using Address = std::vector<std::uint8_t>;

bool is_in(const Address& address, std::string_view network) {
  const auto slash = network.find('/');
  if (slash == std::string_view::npos) return false;
  const auto first = address_octets(network.substr(0, slash));
  const auto prefix = parse_integer(network.substr(slash + 1));
  if (!first || first->size() != address.size() || !prefix) return false;
  const auto bits = std::min(static_cast<std::size_t>(*prefix), address.size() * 8);
  if (!std::equal(
          address.begin(), address.begin() + static_cast<std::ptrdiff_t>(bits / 8), first->begin()))
    return false;
  const auto left = bits % 8;
  return left == 0 || (address[bits / 8] ^ (*first)[bits / 8]) >> (8 - left) == 0;
}

}  // namespace

bool is_public(std::string_view address) {
  const auto octets = address_octets(address);
  if (!octets) return false;
  const auto has_it = [&octets](std::string_view network) { return is_in(*octets, network); };
  if (octets->size() == 4) return std::ranges::none_of(special_v4, has_it);
  return has_it(global_v6) && std::ranges::none_of(special_v6, has_it);
}

bool is_within(std::string_view address, const std::vector<std::string>& networks) {
  const auto octets = address_octets(address);
  return octets && std::ranges::any_of(networks, [&octets](std::string_view network) {
           return is_in(*octets, network);
         });
}

}  // namespace config
