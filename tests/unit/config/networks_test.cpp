#include "relay/config/networks.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

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
      {"::ffff:127.0.0.1", false},
      {"64:ff9b:1::1", false},
      {"5f00::1", false},
      {"fe80::1%eth0", false},
      {"4000::1", false},
      {"127.1", false},
      {"0x7f.0.0.1", false},
      {"2130706433", false},
      {"localhost", false},
      {"", false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.address);
    CHECK(config::is_public(row.address) == row.is_public);
  }
}

TEST_CASE("what is not public may be listed, to the bit and in its own family") {
  struct Row {
    std::string address;
    std::vector<std::string> networks;
    bool is_within;
  };
  const Row rows[] = {
      {"10.1.2.3", {"10.0.0.0/8"}, true},
      {"11.0.0.0", {"10.0.0.0/8"}, false},
      {"10.1.2.3", {"192.168.0.0/16", "10.1.2.3/32"}, true},
      {"10.1.2.2", {"10.1.2.3/32"}, false},
      {"172.31.255.255", {"172.16.0.0/12"}, true},
      {"172.32.0.0", {"172.16.0.0/12"}, false},
      {"9.9.9.9", {"0.0.0.0/0"}, true},
      {"::1", {"::1/128"}, true},
      {"::2", {"::1/128"}, false},
      {"fd12:3456::1", {"fd00::/8"}, true},
      {"fe80::1", {"fd00::/8"}, false},
      {"2001:db8:7fff::1", {"2001:db8::/33"}, true},
      {"2001:db8:8000::1", {"2001:db8::/33"}, false},
      {"::ffff:10.1.2.3", {"10.0.0.0/8"}, false},
      {"10.1.2.3", {"::/0"}, false},
      {"10.1.2.3", {}, false},
      {"localhost", {"127.0.0.0/8"}, false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.address);
    CHECK(config::is_within(row.address, row.networks) == row.is_within);
  }
}
