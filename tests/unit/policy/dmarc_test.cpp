#include "policy/dmarc.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using policy::DmarcFacts;
using policy::DmarcPolicy;
using policy::DmarcRecord;
using policy::DnsAnswer;
using policy::DnsOutcome;

namespace {

std::string letter(DmarcPolicy policy) {
  return policy == DmarcPolicy::none ? "n" : policy == DmarcPolicy::quarantine ? "q" : "r";
}

/// "p/sp dkim spf percent reports", or "fault".
std::string read(const std::string& text) {
  const auto record = policy::parse_dmarc(text);
  if (!record) return "fault";
  return letter(record->policy) + "/" + letter(record->subdomain_policy) + " " +
         (record->strict_dkim ? "s" : "r") + (record->strict_spf ? "s" : "r") + " " +
         std::to_string(record->percent) + " " + std::to_string(record->reports.size());
}

DnsAnswer texts(const std::vector<std::string>& published) {
  DnsAnswer answer{.outcome = published.empty() ? DnsOutcome::no_name : DnsOutcome::found};
  for (const std::string& text : published) answer.records.push_back({.text = text});
  return answer;
}

DmarcFacts facts(const std::string& text, bool inherited = false) {
  return {.known = true, .record = *policy::parse_dmarc(text), .inherited = inherited};
}

}  // namespace

TEST_CASE("a DMARC record reads as receivers read it") {
  struct Row {
    std::string text;
    const char* told;
  };
  const std::vector<Row> rows{
      {"v=DMARC1; p=none", "n/n rr 100 0"},
      {"v=DMARC1; p=reject;", "r/r rr 100 0"},
      {"v=DMARC1;p=quarantine;sp=none;adkim=s;aspf=s;pct=50", "q/n ss 50 0"},
      {"v = DMARC1 ; p = reject ; sp = quarantine", "r/q rr 100 0"},
      {"V=DMARC1; P=Reject; ADKIM=S", "r/r sr 100 0"},
      {"v=DMARC1;\tp=reject\t;", "r/r rr 100 0"},
      {"v=DMARC1; rua=mailto:a@example.com; p=reject", "r/r rr 100 1"},
      {"v=DMARC1; p=reject; rua=mailto:a@example.com!10m, mailto:b@example.com", "r/r rr 100 2"},
      {"v=DMARC1; p=reject; rua=a@example.com", "r/r rr 100 0"},
      {"v=DMARC1; p=reject; np=none; psd=n; future=x", "r/r rr 100 0"},
      {"v=DMARC1; p=reject; np=nonsense", "r/r rr 100 0"},
      {"v=DMARC1; p=reject;; nonsense; =x", "r/r rr 100 0"},
      {"v=DMARC1; p=reject; adkim=strict; aspf=", "r/r rr 100 0"},
      {"v=DMARC1; p=reject; pct=0", "r/r rr 0 0"},
      {"v=DMARC1; p=reject; pct=101", "r/r rr 100 0"},
      {"v=DMARC1; p=reject; pct=-1", "r/r rr 100 0"},
      {"v=DMARC1; p=reject; pct=50%", "r/r rr 100 0"},
      {"v=DMARC1; p=reject; pct=99999999999999999999", "r/r rr 100 0"},
      {"v=DMARC1; p=reject; pct=", "r/r rr 100 0"},
      {"v=DMARC1; p=block; rua=mailto:a@example.com", "n/n rr 100 1"},
      {"v=DMARC1; p=reject; sp=block; rua=mailto:a@example.com", "n/n rr 100 1"},
      {"v=DMARC1; rua=mailto:a@example.com", "n/n rr 100 1"},
      {"v=DMARC1; p=block; rua=mailto:", "fault"},
      {"v=DMARC1; p=block; rua=a@example.com", "fault"},
      {"v=DMARC1; p=block; rua=:a@example.com", "fault"},
      {"v=DMARC1; p=block; rua=mailto:\xC3\xBC@example.com", "fault"},
      {"v=DMARC1; p=block; rua=mail to:a@example.com", "fault"},
      {"v=DMARC1; p=block; ruf=mailto:a@example.com", "fault"},
      {"v=DMARC1; p=reject; sp=block", "fault"},
      {"v=DMARC1; p=", "fault"},
      {"v=DMARC1; p", "fault"},
      {"v=DMARC1", "fault"},
      {"v=DMARC1; p=reject; p=none", "fault"},
      {"v=DMARC1; p=reject; P=reject", "fault"},
      {"v=DMARC1; p=reject; x=1; x=2", "fault"},
      {"v=DMARC1; p=reject; v=DMARC1", "fault"},
      {"p=reject; v=DMARC1", "fault"},
      {"v=dmarc1; p=reject", "fault"},
      {"v=DMARC2; p=reject", "fault"},
      {"v=DMARC10; p=reject", "fault"},
      {"v=DMARC1 p=reject", "fault"},
      {"v=DMARC1, p=reject", "fault"},
      {" v=DMARC1; p=reject", "fault"},
      {"\"v=DMARC1; p=reject\"", "fault"},
      {"v=spf1 -all", "fault"},
      {"", "fault"},
      {std::string("v=DMARC1; p=reject\0; sp=none", 28), "fault"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    CHECK(read(row.text) == row.told);
  }
}

TEST_CASE(
    "a record is read up to 4096 octets and ten report addresses, and a fault says what to do") {
  const std::string most = "v=DMARC1; p=reject; x=" + std::string(4096 - 22, 'x');
  CHECK(most.size() == 4096);
  CHECK(read(most) == "r/r rr 100 0");
  CHECK(policy::parse_dmarc(most + "x").error().sentence().find("shorten it") != std::string::npos);
  std::string reports = "v=DMARC1; p=none; rua=";
  for (int i = 0; i < 50; ++i) reports += "mailto:a@example.com!1g,";
  const auto record = policy::parse_dmarc(reports);
  REQUIRE(record.has_value());
  CHECK(record->reports == std::vector<std::string>(10, "mailto:a@example.com"));
  CHECK(policy::parse_dmarc("v=DMARC1").error().sentence().find("write p=none") !=
        std::string::npos);
  CHECK(policy::parse_dmarc("v=DMARC1; p=none; p=none").error().sentence().find("twice") !=
        std::string::npos);
}

TEST_CASE("of the texts at a name the only DMARC record is chosen, of several none") {
  const std::string reject = "v=DMARC1; p=reject";
  struct Row {
    std::vector<std::string> published;
    bool chosen;
  };
  for (const Row& row : {Row{{}, false},
                         Row{{reject}, true},
                         Row{{"v=spf1 -all", reject, "anything"}, true},
                         Row{{reject, reject}, false},
                         Row{{reject, "v=DMARC1; p=none"}, false},
                         Row{{reject, "v=DMARC1; nonsense"}, false},
                         Row{{"v=DMARC1; nonsense"}, false},
                         Row{{reject, "v=dmarc1; p=none"}, true}}) {
    CAPTURE(row.published);
    const auto record = policy::choose_dmarc(texts(row.published).records);
    REQUIRE(record.has_value() == row.chosen);
    if (record) CHECK(record->policy == DmarcPolicy::reject);
  }
}

TEST_CASE("the record of the organizational domain applies only where the From domain has none") {
  const DnsAnswer none = texts({});
  const DnsAnswer reject = texts({"v=DMARC1; p=reject; sp=quarantine"});
  const DnsAnswer unreadable = texts({"v=DMARC1; nonsense"});
  const DnsAnswer other = texts({"v=spf1 -all"});
  const DnsAnswer two = texts({"v=DMARC1; p=none", "v=DMARC1; p=none"});
  const DnsAnswer no_type{.outcome = DnsOutcome::no_data};
  const DnsAnswer failed{.outcome = DnsOutcome::failed, .why = "SERVFAIL"};
  struct Row {
    const char* name;
    const DnsAnswer& own;
    const DnsAnswer* organizational;
    bool known, record, inherited;
  };
  for (const Row& row :
       {Row{"its own", reject, &none, true, true, false},
        Row{"its own, and it is organizational", reject, nullptr, true, true, false},
        Row{"none, and it is organizational", none, nullptr, true, false, false},
        Row{"inherited", none, &reject, true, true, true},
        Row{"inherited beside another text", other, &reject, true, true, true},
        Row{"inherited, no TXT at all", no_type, &reject, true, true, true},
        Row{"neither", none, &no_type, true, false, false},
        Row{"unreadable hides the other", unreadable, &reject, true, false, false},
        Row{"two hide the other", two, &reject, true, false, false},
        Row{"the other is two", none, &two, true, false, false},
        Row{"no answer", failed, &reject, false, false, false},
        Row{"no answer for the other", none, &failed, false, false, false},
        Row{"no answer that is needed", reject, &failed, true, true, false}}) {
    CAPTURE(row.name);
    const DmarcFacts found = policy::discover_dmarc(row.own, row.organizational);
    CHECK(found.known == row.known);
    CHECK(found.record.has_value() == row.record);
    CHECK(found.inherited == row.inherited);
  }
}

TEST_CASE("alignment is the same name, or relaxed the same organizational domain") {
  struct Row {
    const char* from;
    const char* authenticated;
    bool relaxed, strict;
  };
  for (const Row& row : {Row{"example.com", "example.com", true, true},
                         Row{"news.example.com", "example.com", true, false},
                         Row{"example.com", "bounce.example.com", true, false},
                         Row{"a.example.co.uk", "b.example.co.uk", true, false},
                         Row{"example.co.uk", "other.co.uk", false, false},
                         Row{"one.github.io", "two.github.io", false, false},
                         Row{"example.com", "notexample.com", false, false},
                         Row{"example.com", "example.com.evil.example", false, false},
                         Row{"example.com", "", false, false}}) {
    CAPTURE(row.from);
    CAPTURE(row.authenticated);
    for (const bool strict : {false, true}) {
      const std::string text = strict ? "v=DMARC1; p=reject; adkim=s; aspf=s" : "v=DMARC1; p=none";
      const bool expected = strict ? row.strict : row.relaxed;
      const auto by_dkim = policy::judge_dmarc(
          facts(text),
          {.from_domain = row.from, .signing_domain = row.authenticated, .spf_domain = {}});
      REQUIRE(by_dkim);
      CHECK(by_dkim->from_domain == row.from);
      CHECK(by_dkim->by_dkim == expected);
      CHECK(!by_dkim->by_spf);
      CHECK(by_dkim->passes() == expected);
      const auto by_spf = policy::judge_dmarc(
          facts(text),
          {.from_domain = row.from, .signing_domain = {}, .spf_domain = row.authenticated});
      REQUIRE(by_spf);
      CHECK(by_spf->by_spf == expected);
      CHECK(!by_spf->by_dkim);
      CHECK(by_spf->passes() == expected);
    }
  }
}

TEST_CASE("the policy that applies is sp= where it is inherited, and pct=0 weakens it") {
  struct Row {
    const char* text;
    bool inherited;
    DmarcPolicy policy;
  };
  const policy::DmarcSight sight{
      .from_domain = "news.example.com", .signing_domain = "example.org", .spf_domain = {}};
  for (const Row& row : {Row{"v=DMARC1; p=reject; sp=none", false, DmarcPolicy::reject},
                         Row{"v=DMARC1; p=reject; sp=none", true, DmarcPolicy::none},
                         Row{"v=DMARC1; p=none; sp=reject", true, DmarcPolicy::reject},
                         Row{"v=DMARC1; p=reject", true, DmarcPolicy::reject},
                         Row{"v=DMARC1; p=reject; pct=0", false, DmarcPolicy::quarantine},
                         Row{"v=DMARC1; p=quarantine; pct=0", false, DmarcPolicy::none},
                         Row{"v=DMARC1; p=reject; pct=1", false, DmarcPolicy::reject}}) {
    CAPTURE(row.text);
    const auto judgement = policy::judge_dmarc(facts(row.text, row.inherited), sight);
    REQUIRE(judgement);
    CHECK(judgement->policy == row.policy);
    CHECK(!judgement->passes());
  }
}

TEST_CASE("what DNS has not answered is not judged, and no record asks for nothing") {
  const policy::DmarcSight sight{
      .from_domain = "example.com", .signing_domain = "example.org", .spf_domain = {}};
  CHECK(!policy::judge_dmarc({}, sight));
  const auto judgement =
      policy::judge_dmarc({.known = true, .record = {}, .inherited = false}, sight);
  REQUIRE(judgement);
  CHECK(judgement->policy == DmarcPolicy::none);
  CHECK(!judgement->passes());
}
