#include "relay/domains/spf/amends.hpp"

#include <doctest/doctest.h>

#include <array>
#include <map>
#include <string>

TEST_CASE("digits of a macro that ask for as many labels as there are, or more, are left out") {
  const std::map<char, std::string> values{{'d', "mail.example.org"}, {'l', "foo+bar.baz"}};
  struct Row {
    std::string record;
    std::string mended;
  };
  const Row rows[] = {
      {"v=spf1 exists:%{d}", "v=spf1 exists:%{d}"},
      {"v=spf1 exists:%{d2}", "v=spf1 exists:%{d2}"},
      {"v=spf1 exists:%{d3}.x", "v=spf1 exists:%{d}.x"},
      {"v=spf1 exists:%{D4R}.x.org -all", "v=spf1 exists:%{DR}.x.org -all"},
      {"v=spf1 exists:%{d99999999999999999999999r}", "v=spf1 exists:%{dr}"},
      {"v=spf1 exists:%{l1}.%{l2}.%{l1+}.%{l2+}.org", "v=spf1 exists:%{l1}.%{l}.%{l1+}.%{l+}.org"},
      {"v=spf1 exists:%{l2+.}.org", "v=spf1 exists:%{l2+.}.org"},
      {"v=spf1 exists:%{l3+.}.org", "v=spf1 exists:%{l+.}.org"},
      {"v=spf1 exists:%{p9}.org", "v=spf1 exists:%{p9}.org"},
      {"v=spf1 exists:%%%{d3}%_%-.org", "v=spf1 exists:%%%{d}%_%-.org"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.record);
    CHECK(domains::spf::without_vain_digits(row.record, values) == row.mended);
  }
}

TEST_CASE("networks that do not match are left out, and nothing else") {
  const std::array<unsigned char, 4> ip4{192, 0, 2, 1};
  CHECK(domains::spf::without_other_networks(
            "v=spf1 a -ip4:192.0.2.2 ?ip4:192.0.2.1 IP4:192.0.3.0/23 ip4:192.0.3.0/24 "
            "ip4:128.0.0.0/1 ip4:0.0.0.0/1 ip6:::/1 mx:ip4.example.org redirect=example.org",
            ip4) ==
        "v=spf1 a ?ip4:192.0.2.1 IP4:192.0.3.0/23 ip4:128.0.0.0/1 mx:ip4.example.org "
        "redirect=example.org");
  const std::array<unsigned char, 16> ip6{0x20, 1, 0xd, 0xb8};
  CHECK(domains::spf::without_other_networks(
            "v=spf1 ip6:2001:db8::/32 ~ip6:2001:db9::/32 ip6:2001:db8::1 ip4:192.0.2.1 -all",
            ip6) == "v=spf1 ip6:2001:db8::/32 -all");
}
