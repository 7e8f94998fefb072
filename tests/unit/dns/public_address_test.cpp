#include "relay/domains/dns/public_address.hpp"

#include <doctest/doctest.h>

#include <string>

TEST_CASE("only addresses of the public Internet are public") {
  struct Row {
    std::string address;
    bool is_public;
  };
  const Row rows[] = {
      {"9.9.9.9", true},
      {"11.0.0.0", true},
      {"100.63.255.255", true},
      {"100.128.0.0", true},
      {"172.15.255.255", true},
      {"172.32.0.0", true},
      {"223.255.255.255", true},
      {"192.167.255.255", true},
      {"0.0.0.0", false},
      {"10.255.255.255", false},
      {"100.64.0.0", false},
      {"100.127.255.255", false},
      {"127.0.0.53", false},
      {"169.254.169.254", false},
      {"172.16.0.0", false},
      {"172.31.255.255", false},
      {"192.0.0.8", false},
      {"192.0.2.1", false},
      {"192.88.99.1", false},
      {"192.168.1.1", false},
      {"198.18.0.1", false},
      {"198.19.255.255", false},
      {"198.51.100.1", false},
      {"203.0.113.1", false},
      {"224.0.0.251", false},
      {"239.1.1.1", false},
      {"240.0.0.1", false},
      {"255.255.255.255", false},
      {"2600::1", true},
      {"2a00:1450::1", true},
      {"2001:200::1", true},
      {"::", false},
      {"::1", false},
      {"::ffff:9.9.9.9", false},
      {"64:ff9b::9.9.9.9", false},
      {"100::1", false},
      {"2001::1", false},
      {"2001:db8::1", false},
      {"2002:7f00:1::", false},
      {"3fff::1", false},
      {"fc00::1", false},
      {"fd12::1", false},
      {"fe80::1", false},
      {"ff02::1", false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.address);
    CHECK(domains::is_public(boost::asio::ip::make_address(row.address)) == row.is_public);
  }
}
