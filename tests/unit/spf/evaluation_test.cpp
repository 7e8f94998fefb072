// Own cases of the kinds that the public suite of RFC 7208 has, each through the real child.
#include "relay/domains/spf/evaluator.hpp"

#include "tests/unit/spf/checks.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using domains::SpfCheckEnd;
using policy::RecordType;
using policy::SpfResult;

namespace {

struct Record {
  std::string name;
  RecordType type;
  std::string text;
};

struct Row {
  std::string name;
  std::vector<Record> zone;
  SpfResult result;
  std::string why;  ///< a part of it
};

/// "d0" includes "d1" ... until one that includes nothing: `depth` terms that ask DNS.
std::vector<Record> chain(std::size_t depth) {
  std::vector<Record> zone{{"example.org", RecordType::txt, "v=spf1 include:d1.example.org -all"}};
  for (std::size_t i = 1; i < depth; ++i) {
    zone.push_back({"d" + std::to_string(i) + ".example.org",
                    RecordType::txt,
                    "v=spf1 include:d" + std::to_string(i + 1) + ".example.org -all"});
  }
  zone.push_back(
      {"d" + std::to_string(depth) + ".example.org", RecordType::txt, "v=spf1 ip4:192.0.2.1 -all"});
  return zone;
}

/// Terms that ask DNS spread over two included records, `each` in each.
std::vector<Record> spread(std::size_t each) {
  std::string terms;
  std::vector<Record> zone;
  for (std::size_t i = 0; i < each; ++i) {
    const std::string host = "h" + std::to_string(i) + ".example.org";
    terms += " a:" + host;
    zone.push_back({host, RecordType::a, "198.51.100.1"});
  }
  zone.push_back({"one.example.org", RecordType::txt, "v=spf1" + terms + " -all"});
  zone.push_back({"two.example.org", RecordType::txt, "v=spf1" + terms + " -all"});
  zone.push_back({"example.org",
                  RecordType::txt,
                  "v=spf1 include:one.example.org include:two.example.org ip4:192.0.2.1 -all"});
  return zone;
}

std::vector<Record> mail_exchangers(std::size_t count) {
  std::vector<Record> zone{{"example.org", RecordType::txt, "v=spf1 mx -all"}};
  for (std::size_t i = 1; i <= count; ++i) {
    const std::string host = "mx" + std::to_string(i) + ".example.org";
    zone.push_back({"example.org", RecordType::mx, "10 " + host});
    zone.push_back(
        {host, RecordType::a, i == count ? "192.0.2.1" : "198.51.100." + std::to_string(i)});
  }
  return zone;
}

std::string long_record(std::size_t octets) {
  std::string record = "v=spf1";
  while (record.size() < octets) record += " ip4:198.51.100.0/24";
  return record + " ip4:192.0.2.1 -all";
}

std::vector<Record> only(const std::string& record) {
  return {{"example.org", RecordType::txt, record}};
}

void check_rows(const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    CAPTURE(row.name);
    spf_tests::Zone zone;
    for (const Record& record : row.zone) zone.add(record.name, record.type, record.text);
    const auto checked = spf_tests::check(zone, spf_tests::question("example.org"));
    CHECK(checked.verdict.result == row.result);
    CAPTURE(checked.verdict.why);
    CHECK(checked.verdict.why.find(row.why) != std::string::npos);
    CHECK(checked.ends == std::vector{SpfCheckEnd::verdict});
  }
}

}  // namespace

TEST_CASE("the record is selected as RFC 7208 section 4.5 says") {
  check_rows({
      {"none", {}, SpfResult::none, "example.org publishes no SPF record"},
      {"other text", only("google-site-verification=x"), SpfResult::none, "no SPF record"},
      {"another version", only("v=spf10 +all"), SpfResult::none, "no SPF record"},
      {"only the version", only("v=spf1"), SpfResult::neutral, ""},
      {"capitals", only("V=SPF1 IP4:192.0.2.1 -ALL"), SpfResult::pass, ""},
      {"two",
       {{"example.org", RecordType::txt, "v=spf1 -all"},
        {"example.org", RecordType::txt, "v=spf1 ip4:192.0.2.1"}},
       SpfResult::perm_error,
       "example.org publishes 2 SPF records"},
      {"two at an include",
       {{"example.org", RecordType::txt, "v=spf1 include:x.example.org -all"},
        {"x.example.org", RecordType::txt, "v=spf1 -all"},
        {"x.example.org", RecordType::txt, "v=spf1 ~all"}},
       SpfResult::perm_error,
       "x.example.org publishes 2 SPF records"},
      {"none at an include",
       only("v=spf1 include:x.example.org -all"),
       SpfResult::perm_error,
       "x.example.org publishes no SPF record"},
      {"none at a redirect",
       only("v=spf1 redirect=x.example.org"),
       SpfResult::perm_error,
       "x.example.org publishes no SPF record"},
  });
}

TEST_CASE("the bounds of RFC 7208 section 4.6.4 hold over the whole evaluation") {
  check_rows({
      {"ten terms, one in the other", chain(10), SpfResult::pass, ""},
      {"eleven, one in the other", chain(11), SpfResult::perm_error, "more than ten terms"},
      {"ten, spread", spread(4), SpfResult::pass, ""},
      {"twelve, spread", spread(5), SpfResult::perm_error, "more than ten terms"},
      {"an include of itself",
       only("v=spf1 include:example.org -all"),
       SpfResult::perm_error,
       "recursion"},
      {"a ring of includes",
       {{"example.org", RecordType::txt, "v=spf1 include:x.example.org -all"},
        {"x.example.org", RecordType::txt, "v=spf1 include:example.org -all"}},
       SpfResult::perm_error,
       "more than ten terms"},
      {"two names that do not exist",
       only("v=spf1 a:x.example.org mx:y.example.org ip4:192.0.2.1 -all"),
       SpfResult::pass,
       ""},
      {"three names that do not exist",
       only("v=spf1 a:x.example.org mx:y.example.org exists:z.example.org ip4:192.0.2.1 -all"),
       SpfResult::perm_error,
       "more than two terms"},
      {"ten mail exchangers", mail_exchangers(10), SpfResult::pass, ""},
      {"eleven mail exchangers", mail_exchangers(11), SpfResult::perm_error, "DNS lookups"},
  });
}

TEST_CASE("macros expand, and odd ones are syntax errors") {
  const auto exists = [](const std::string& term, const std::string& name) {
    return std::vector<Record>{{"example.org", RecordType::txt, "v=spf1 exists:" + term + " -all"},
                               {name, RecordType::a, "127.0.0.2"}};
  };
  check_rows({
      {"address", exists("%{ir}.bl.example.org", "1.2.0.192.bl.example.org"), SpfResult::pass, ""},
      {"local part", exists("%{l}._x.%{d2}", "foo._x.example.org"), SpfResult::pass, ""},
      {"many labels asked for", exists("%{d99}", "example.org"), SpfResult::pass, ""},
      {"no label asked for", exists("%{d0}", "example.org"), SpfResult::perm_error, "exists:%{d0}"},
      {"more digits than any number has",
       exists("%{d99999999999999999999999}", "example.org"),
       SpfResult::pass,
       ""},
      {"labels by another delimiter",
       exists("%{l2r+}.example.org", "foo.example.org"),
       SpfResult::pass,
       ""},
      {"escapes", exists("a%_b%-c%%.example.org", "a b%20c%.example.org"), SpfResult::pass, ""},
      {"not closed", only("v=spf1 a:%{d -all"), SpfResult::perm_error, "wants a domain"},
      {"no such letter", only("v=spf1 a:%{q}.example.org -all"), SpfResult::perm_error, "wants"},
      {"a lone percent sign", only("v=spf1 a:100%.example.org"), SpfResult::perm_error, "wants"},
      {"longer than a name may be",
       exists("%{d}.%{d}.%{d}.%{d}.%{d}.%{d}.%{d}.%{d}.%{d}.%{d}.%{d}.%{d}.%{d}.%{d}.%{d}.%{d}.%{d}"
              ".%{d}.%{d}.%{d}.%{d}.%{d}.example.org",
              [] {
                std::string name = "example.org";
                for (int i = 0; i < 20; ++i) name += ".example.org";
                return name;
              }()),
       SpfResult::pass,
       ""},
  });
}

TEST_CASE("records that are too long, or hold what no record holds, are judged all the same") {
  check_rows({
      {"a NUL",
       only(std::string("v=spf1 +all\0 -all", 17)),
       SpfResult::perm_error,
       "not printable"},
      {"a line break",
       only("v=spf1 ip4:192.0.2.1\r\n-all"),
       SpfResult::perm_error,
       "not printable"},
      {"no ASCII", only("v=spf1 a:\xc3\xbc.example.org"), SpfResult::perm_error, "not printable"},
      {"2 KiB", only(long_record(2048)), SpfResult::pass, ""},
      {"10 KiB", only(long_record(10240)), SpfResult::pass, ""},
      {"60 KiB", only(long_record(61440)), SpfResult::pass, ""},
      {"a term of 4 KiB",
       only("v=spf1 a:" + std::string(4096, 'x') + ".example.org -all"),
       SpfResult::perm_error,
       ""},
      {"junk at the end", only("v=spf1 ip4:192.0.2.1 -all; junk"), SpfResult::perm_error, "-all;"},
      {"quotes", only("\"v=spf1 -all\""), SpfResult::none, ""},
  });
}

TEST_CASE("results come out as the record says") {
  check_rows({
      {"fail", only("v=spf1 -all"), SpfResult::fail, ""},
      {"softfail", only("v=spf1 ~all"), SpfResult::softfail, ""},
      {"neutral", only("v=spf1 ?all"), SpfResult::neutral, ""},
      {"every address", only("v=spf1 ip4:0.0.0.0/0 -all"), SpfResult::pass, ""},
      {"redirect before all", only("v=spf1 redirect=x.example.org ~all"), SpfResult::softfail, ""},
      {"redirect before a match",
       only("v=spf1 redirect=x.example.org ip4:192.0.2.1"),
       SpfResult::pass,
       ""},
      {"an unknown modifier", only("v=spf1 x-y.z=1 ip4:192.0.2.1 -all"), SpfResult::pass, ""},
      {"an unknown mechanism", only("v=spf1 ipv4:192.0.2.1 -all"), SpfResult::perm_error, "ipv4"},
  });
}

TEST_CASE("a failure of DNS is a temporary error, and never one of the domain's") {
  struct Failing {
    std::string record;
    std::string name;
  };
  const Failing rows[] = {{"", "example.org"},
                          {"v=spf1 a:x.example.org -all", "x.example.org"},
                          {"v=spf1 mx:x.example.org -all", "x.example.org"},
                          {"v=spf1 include:x.example.org -all", "x.example.org"},
                          {"v=spf1 redirect=x.example.org", "x.example.org"},
                          {"v=spf1 exists:x.example.org -all", "x.example.org"}};
  for (const Failing& row : rows) {
    CAPTURE(row.record);
    spf_tests::Zone zone;
    if (!row.record.empty()) zone.add("example.org", RecordType::txt, row.record);
    zone.fail_otherwise(row.name);
    const auto checked = spf_tests::check(zone, spf_tests::question("example.org"));
    CHECK(checked.verdict.result == SpfResult::temp_error);
    CHECK(checked.verdict.why == "DNS failed for " + row.name);
  }
}

TEST_CASE("a PTR that cannot be had does not match") {
  spf_tests::Zone zone;
  zone.add("example.org", RecordType::txt, "v=spf1 ptr -all");
  zone.fail_otherwise("1.2.0.192.in-addr.arpa");
  const auto checked = spf_tests::check(zone, spf_tests::question("example.org"));
  CHECK(checked.verdict.result == SpfResult::fail);
}

TEST_CASE("an answer that is too large for the child is a failure of DNS") {
  spf_tests::Zone zone;
  for (int i = 0; i < 3; ++i)
    zone.add("example.org", RecordType::txt, std::string(50000, 'x') + std::to_string(i));
  const auto checked = spf_tests::check(zone, spf_tests::question("example.org"));
  CHECK(checked.verdict.result == SpfResult::temp_error);
}

TEST_CASE("the name of a sender that is no domain is asked for nothing") {
  for (const std::string domain : {"", "localhost", "[192.0.2.1]", "a..org", "b\xc3\xbc.example"}) {
    CAPTURE(domain);
    spf_tests::Zone zone;
    const auto checked = spf_tests::check(zone, spf_tests::question(domain));
    CHECK(checked.verdict.result == SpfResult::none);
    CHECK(zone.asked().empty());
  }
}

TEST_CASE("the null reverse-path is judged by the name of the greeting") {
  spf_tests::Zone zone;
  zone.add("mail.example.org", RecordType::txt, "v=spf1 ip4:192.0.2.1 -all");
  auto asked = spf_tests::question("example.org");
  asked.mail_from.clear();
  CHECK(spf_tests::check(zone, asked).verdict.result == SpfResult::pass);
}

TEST_CASE("a record that is longer than libspf2 takes is unknown, and not judged by a part of it") {
  std::string record = "v=spf1";
  for (int i = 0; i < 40; ++i) record += " exists:h" + std::to_string(i) + ".example.org";
  check_rows({{"forty terms that ask DNS", only(record + " -all"), SpfResult::unknown, "longer"}});
}
