#include "policy/record_plan.hpp"

#include "record_zone.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

using policy::DnsAnswers;
using policy::DnsOutcome;
using policy::DomainCheck;
using policy::DomainSetup;
using policy::RecordType;
using policy::WantedRecord;
using records::Kind;

namespace {

std::string listed(const std::vector<WantedRecord>& records) {
  std::string lines;
  for (const WantedRecord& record : records) {
    lines += std::string(word(record.check)) + (record.required ? " required " : " advised ") +
             record.name + ' ' + record.value.substr(0, 60) + '\n';
  }
  return lines;
}

DnsAnswers published(const std::string& name, const std::vector<std::string>& texts) {
  policy::DnsAnswer answer{.outcome = DnsOutcome::found};
  for (const std::string& text : texts) answer.records.push_back({.text = text});
  return {{{name, RecordType::txt}, answer}};
}

WantedRecord advised(DomainCheck check, const DnsAnswers& answers) {
  const auto records = policy::wanted_records(records::setup_of(Kind::plain), answers);
  const auto found = std::find_if(
      records.begin(), records.end(), [check](const WantedRecord& r) { return r.check == check; });
  REQUIRE(found != records.end());
  return *found;
}

std::string spf_with(const std::vector<std::string>& texts) {
  return advised(DomainCheck::spf, published("example.com", texts)).value;
}

std::string dmarc_with(const std::vector<std::string>& texts) {
  return advised(DomainCheck::dmarc, published("_dmarc.example.com", texts)).value;
}

}  // namespace

TEST_CASE("a domain that signs here publishes challenge, keys, MAIL FROM, SPF and DMARC") {
  DomainSetup setup = records::setup_of(Kind::rotating);
  setup.selectors.push_back({"p0", "v=DKIM1; p=old", false, true});
  CHECK(listed(policy::wanted_records(setup, {})) ==
        "ownership required _postern-challenge.example.com "
        "postern-challenge=abcdefghijklmnopqrstuvwxyz234567\n"
        "dkim required p1._domainkey.example.com "
        "v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQ\n"
        "dkim required p2._domainkey.example.com "
        "v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQ\n"
        "mail_from required bounce.example.com 10 feedback-smtp.eu-central-1.amazonses.com\n"
        "mail_from required bounce.example.com v=spf1 include:amazonses.com ~all\n"
        "spf advised example.com v=spf1 include:amazonses.com ~all\n"
        "dmarc advised _dmarc.example.com v=DMARC1; p=none; rua=mailto:dmarc@example.net\n");
}

TEST_CASE("a domain that SES signs for publishes three CNAMEs") {
  const std::string lines = listed(policy::wanted_records(records::setup_of(Kind::easy), {}));
  CHECK(lines.find("dkim required aaaatoken._domainkey.example.com "
                   "aaaatoken.dkim.amazonses.com\n"
                   "dkim required bbbbtoken._domainkey.example.com "
                   "bbbbtoken.dkim.amazonses.com\n"
                   "dkim required cccctoken._domainkey.example.com "
                   "cccctoken.dkim.amazonses.com\n") != std::string::npos);
  CHECK(lines.find("DKIM1") == std::string::npos);
}

TEST_CASE("without SES behind the relay no record names it") {
  DomainSetup setup = records::setup_of(Kind::plain);
  setup.region.clear();
  CHECK(listed(policy::wanted_records(setup, {})).find("amazonses") == std::string::npos);
}

TEST_CASE("names of an internationalised domain stay A-labels") {
  DomainSetup setup = records::setup_of(Kind::plain);
  setup.name = "xn--mnchen-3ya.example";
  for (const WantedRecord& record : policy::wanted_records(setup, {})) {
    if (record.check == DomainCheck::mail_from) continue;  // named by the setup itself
    CHECK(record.name.ends_with("xn--mnchen-3ya.example"));
    CHECK(record.ttl == 3600);
  }
}

TEST_CASE("SPF is merged with what is published") {
  struct Row {
    std::vector<std::string> published;
    const char* merged;
  };
  for (const Row& row :
       {Row{{}, "v=spf1 include:amazonses.com ~all"},
        Row{{"v=spf1 mx -all"}, "v=spf1 mx include:amazonses.com -all"},
        Row{{"V=SPF1 a:Host.example ?all"}, "v=spf1 a:Host.example include:amazonses.com ?all"},
        Row{{"v=spf1 include:amazonses.com mx ~all"}, "v=spf1 include:amazonses.com mx ~all"},
        Row{{"v=spf1 include:AmazonSES.com -all"}, "v=spf1 include:AmazonSES.com -all"},
        Row{{"v=spf1 redirect=_spf.example.net"},
            "v=spf1 include:amazonses.com redirect=_spf.example.net"},
        Row{{"v=spf1 redirect=_spf.example.net -all"}, "v=spf1 include:amazonses.com -all"},
        Row{{"v=spf1 mx exp=why.example.com -all"},
            "v=spf1 mx include:amazonses.com -all exp=why.example.com"},
        Row{{"v=spf1 mx"}, "v=spf1 mx include:amazonses.com ~all"},
        Row{{"v=spf1 mx +all"}, "v=spf1 mx include:amazonses.com ~all"},
        Row{{"v=spf1 mx mx MX -all"}, "v=spf1 mx include:amazonses.com -all"},
        Row{{"v=spf1 ?include:amazonses.com -all"}, "v=spf1 include:amazonses.com -all"},
        Row{{"v=spf1 -all include:amazonses.com"}, "v=spf1 include:amazonses.com -all"},
        Row{{"v=spf1 a -all", "v=spf1 mx ~all"}, "v=spf1 a mx include:amazonses.com -all"},
        Row{{"v=spf1 -ip4:192.0.2.1 ~mx:h.example -all"},
            "v=spf1 -ip4:192.0.2.1 ~mx:h.example include:amazonses.com -all"},
        Row{{"v=spf1 ip6:2001:db8::/32 exists:%{i}.example.com -all"},
            "v=spf1 ip6:2001:db8::/32 exists:%{i}.example.com include:amazonses.com -all"},
        Row{{"v=spf1 ip:192.0.2.1 ipv6:2001:db8::1 ip4:2001:db8::2 -all"},
            "v=spf1 ip4:192.0.2.1 ip6:2001:db8::1 ip6:2001:db8::2 include:amazonses.com -all"},
        Row{{"v=spf1 ip4:1.2.3 ip4:1.2.3.4/33 ip6:1::2::3 ip6:12345::, nonsense -all"},
            "v=spf1 include:amazonses.com -all"},
        Row{{"\"v=spf1 mx -all\""}, "v=spf1 mx include:amazonses.com -all"},
        Row{{"v=spf1; mx; -all"}, "v=spf1 mx include:amazonses.com -all"},
        Row{{"\"v=spf1 mx -all\"", "v=spf1 a -all"}, "v=spf1 a include:amazonses.com -all"},
        Row{{"spf2.0/pra a -all"}, "v=spf1 include:amazonses.com ~all"},
        Row{{"google-site-verification=1"}, "v=spf1 include:amazonses.com ~all"},
        Row{{"v=spf1 \x01include:a.example\xFF -all"},
            "v=spf1 include:a.example include:amazonses.com -all"}}) {
    CAPTURE(row.merged);
    CHECK(spf_with(row.published) == row.merged);
  }
}

TEST_CASE("SES that another include allows is not named twice") {
  DnsAnswers answers = published("example.com", {"v=spf1 include:_spf.example.net -all"});
  answers.merge(published("_spf.example.net", {"v=spf1 include:amazonses.com ?all"}));
  CHECK(advised(DomainCheck::spf, answers).value == "v=spf1 include:_spf.example.net -all");
  answers[{"_spf.example.net", RecordType::txt}].records[0].text = "v=spf1 ?include:amazonses.com";
  CHECK(advised(DomainCheck::spf, answers).value ==
        "v=spf1 include:_spf.example.net include:amazonses.com -all");
}

TEST_CASE("a merged SPF record stays at ten lookups where that can be had") {
  // nine of its own; include:amazonses.com is the tenth
  std::string record = "v=spf1";
  for (int i = 1; i <= 9; ++i) record += " a:h" + std::to_string(i) + ".example";
  CHECK(spf_with({record + " -all"}) == record + " include:amazonses.com -all");

  const std::string eleven = record + " include:few.example -all";
  DnsAnswers answers = published("example.com", {eleven});
  answers.merge(published("few.example", {"v=spf1 ip4:192.0.2.1 ip6:2001:db8::1 ~all"}));
  CHECK(advised(DomainCheck::spf, answers).value ==
        record + " ip4:192.0.2.1 ip6:2001:db8::1 include:amazonses.com -all");

  answers[{"few.example", RecordType::txt}].records[0].text = "v=spf1 a:h.example -all";
  const WantedRecord over = advised(DomainCheck::spf, answers);
  CHECK(over.value == record + " include:few.example include:amazonses.com -all");
  CHECK(over.why.find("12 lookups where receivers make ten") != std::string::npos);

  std::string long_list = "v=spf1";
  for (int i = 0; i < 30; ++i) long_list += " ip4:192.0.2." + std::to_string(100 + i);
  answers[{"few.example", RecordType::txt}].records[0].text = long_list + " -all";
  CHECK(advised(DomainCheck::spf, answers).value ==
        record + " include:few.example include:amazonses.com -all");  // 450 octets at most
}

TEST_CASE("an include that never ends is left out") {
  DnsAnswers answers = published("example.com", {"v=spf1 mx include:loop.example -all"});
  answers.merge(published("loop.example", {"v=spf1 include:loop.example include:loop.example"}));
  CHECK(advised(DomainCheck::spf, answers).value == "v=spf1 mx include:amazonses.com -all");
}

TEST_CASE("DMARC begins with p=none, and keeps what is readable of what stands") {
  CHECK(dmarc_with({}) == "v=DMARC1; p=none; rua=mailto:dmarc@example.net");
  CHECK(dmarc_with({"v=DMARC1;p=reject;pct=50"}) == "v=DMARC1;p=reject;pct=50");
  CHECK(dmarc_with({"v=DMARC1; p=quarantine; adkim=s", "v=DMARC1; p=none; adkim=r"}) ==
        "v=DMARC1; p=quarantine; rua=mailto:dmarc@example.net; adkim=s");
  CHECK(dmarc_with({"v=DMARC1; p=reject; rua=a@example.com, mailto:b@example.com,c"}) ==
        "v=DMARC1; p=reject; rua=mailto:a@example.com,mailto:b@example.com");
  CHECK(dmarc_with({"\"v=DMARC1, p=reject, sp=none\""}) ==
        "v=DMARC1; p=reject; rua=mailto:dmarc@example.net; sp=none");
  CHECK(dmarc_with({"v=DMARC1; p=monitor; pct=many"}) ==
        "v=DMARC1; p=none; rua=mailto:dmarc@example.net");
  CHECK(dmarc_with({"other text"}) == "v=DMARC1; p=none; rua=mailto:dmarc@example.net");
  CHECK(advised(DomainCheck::dmarc, {}).why.find("p=reject") != std::string::npos);
}
