#include "relay/domains/spf/syntax.hpp"

#include <doctest/doctest.h>

#include <string>

using domains::spf::normalised;

TEST_CASE("a good record is written as libspf2 evaluates it rightly") {
  struct Row {
    std::string record;
    std::string written;
  };
  const Row rows[] = {
      {"v=spf1", "v=spf1"},
      {"v=spf1   mx  -all  ", "v=spf1 mx -all"},
      {"v=spf1 a:foo.example.org/24//64 ~all", "v=spf1 a:foo.example.org/24//64 ~all"},
      {"v=spf1 mx//64 a/24", "v=spf1 mx//64 a/24"},
      {"v=spf1 a:foo:bar/baz.example.org", "v=spf1 a:foo:bar/baz.example.org"},
      {"v=spf1 ptr ptr:example.org.", "v=spf1 ptr ptr:example.org."},
      {"v=spf1 ip6:2001:db8::/32 ip6:::1", "v=spf1 ip6:2001:db8::/32 ip6:::1"},
      {"v=spf1 exists:%{ir}.%{v}._spf.%{d2}", "v=spf1 exists:%{ir}.%{v}._spf.%{d2}"},
      {"v=spf1 exists:%{l1r+-}.%_x%-%%.org", "v=spf1 exists:%{l1r+-}.%_x%-%%.org"},
      {"v=spf1 redirect=a.org ip4:192.0.2.1", "v=spf1 ip4:192.0.2.1 redirect=a.org"},
      {"v=spf1 redirect=a.org ?all", "v=spf1 ?all"},
      {"v=spf1 exp=a.org x=%{d} y.z-1= -all", "v=spf1 -all"},
      {"v=spf1 -ip4:10.0.0.0/0", "v=spf1 -ip4:0.0.0.0/1 -ip4:128.0.0.0/1"},
      {"v=spf1 ip6:::/0", "v=spf1 ip6:::/1 ip6:8000::/1"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.record);
    const auto written = normalised(row.record);
    REQUIRE(written.has_value());
    CHECK(*written == row.written);
  }
}

TEST_CASE("a term that is none is named with what it lacks") {
  struct Row {
    std::string terms;
    std::string why;
  };
  const Row rows[] = {
      {"ipv4:192.0.2.1", "\"ipv4:192.0.2.1\" is no mechanism"},
      {"-", "\"-\" is no mechanism"},
      {"--all", "\"--all\" is no mechanism"},
      {"all:example.org", "\"all:example.org\" wants nothing after it"},
      {"-all.", "\"-all.\" is no mechanism"},
      {"include", "\"include\" wants a domain"},
      {"include:", "\"include:\" wants a domain"},
      {"include:localhost", "\"include:localhost\" wants a domain"},
      {"include:example.org/24", "\"include:example.org/24\" wants a domain"},
      {"a:example.123", "\"a:example.123\" wants a domain, prefix lengths, or nothing after it"},
      {"a:", "\"a:\" wants a domain, prefix lengths, or nothing after it"},
      {"a/33", "\"a/33\" wants a domain, prefix lengths, or nothing after it"},
      {"a/024", "\"a/024\" wants a domain, prefix lengths, or nothing after it"},
      {"mx//129", "\"mx//129\" wants a domain, prefix lengths, or nothing after it"},
      {"mx/", "\"mx/\" wants a domain, prefix lengths, or nothing after it"},
      {"mx:example.org:25",
       "\"mx:example.org:25\" wants a domain, prefix lengths, or nothing after it"},
      {"ptr:-", "\"ptr:-\" wants a domain or nothing after it"},
      {"ip4", "\"ip4\" wants an IPv4 address or range"},
      {"ip4:192.0.2", "\"ip4:192.0.2\" wants an IPv4 address or range"},
      {"ip4:192.0.2.1/33", "\"ip4:192.0.2.1/33\" wants an IPv4 address or range"},
      {"ip4:2001:db8::1", "\"ip4:2001:db8::1\" wants an IPv4 address or range"},
      {"ip6:192.0.2.1", "\"ip6:192.0.2.1\" wants an IPv6 address or range"},
      {"exists:%{x}.example.org", "\"exists:%{x}.example.org\" wants a domain"},
      {"exists:%{d0}", "\"exists:%{d0}\" wants a domain"},
      {"exists:a%", "\"exists:a%\" wants a domain"},
      {"redirect=", "\"redirect=\" wants a domain"},
      {"redirect=a.org redirect=a.org", "\"redirect=a.org\" comes twice"},
      {"exp=a.org exp=b.org", "\"exp=b.org\" comes twice"},
      {"1x=y", "\"1x=y\" is no modifier"},
      {"x=%", "\"x=%\" is no modifier"},
      {"=x", "\"=x\" is no modifier"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.terms);
    const auto written = normalised("v=spf1 " + row.terms);
    REQUIRE(!written.has_value());
    CHECK(written.error().sentence() == row.why);
  }
}
