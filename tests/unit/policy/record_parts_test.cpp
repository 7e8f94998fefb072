#include "policy/inquiry.hpp"
#include "policy/ip_address.hpp"
#include "policy/spf_record.hpp"
#include "policy/tag_list.hpp"

#include <doctest/doctest.h>

#include <string>

using policy::DnsAnswers;
using policy::Inquiry;
using policy::RecordType;

TEST_CASE("addresses are told from what looks like them") {
  for (const char* good : {"1.2.3.4", "0.0.0.0", "255.255.255.255"}) {
    CAPTURE(good);
    CHECK(policy::is_ip4_address(good));
  }
  for (const char* bad :
       {"", "1.2.3", "1.2.3.4.5", "1.2.3.256", "1.2.3.04", "1..2.3", "1.2.3.4 "}) {
    CAPTURE(bad);
    CHECK_FALSE(policy::is_ip4_address(bad));
  }
  for (const char* good : {"::",
                           "::1",
                           "1::",
                           "2001:db8::1",
                           "1:2:3:4:5:6:7:8",
                           "::ffff:192.0.2.1",
                           "1:2:3:4:5:6:1.2.3.4"}) {
    CAPTURE(good);
    CHECK(policy::is_ip6_address(good));
  }
  for (const char* bad : {"",
                          ":",
                          "1",
                          ":::",
                          "1::2::3",
                          "1:2:3:4:5:6:7",
                          "1:2:3:4:5:6:7:8:9",
                          "1:2:3:4:5:6:7::8",
                          "12345::",
                          "1.2.3.4::",
                          "g::",
                          "1:2:3:4:5:6:7:"}) {
    CAPTURE(bad);
    CHECK_FALSE(policy::is_ip6_address(bad));
  }
  CHECK(policy::is_ip4_network("192.0.2.0/24"));
  CHECK_FALSE(policy::is_ip4_network("192.0.2.0/33"));
  CHECK_FALSE(policy::is_ip4_network("192.0.2.0/"));
  CHECK(policy::is_ip6_network("2001:db8::/128"));
  CHECK_FALSE(policy::is_ip6_network("2001:db8::/129"));
}

TEST_CASE("a tag list is read around its white space and damage") {
  const auto tags = policy::read_tags(" v = DKIM1 ;; p=a b\t; junk ;=x;q=1=2");
  std::string joined;
  for (const policy::Tag& tag : tags) joined += '|' + tag.name + ':' + tag.value;
  CHECK(joined == "|v:DKIM1|p:a b|:junk|:x|q:1=2");
  CHECK(policy::find_tag(tags, "q")->value == "1=2");
  CHECK(policy::find_tag(tags, "k") == nullptr);
  CHECK(policy::read_tags("").empty());
  CHECK(policy::without_white_space(" a\tb \r\nc") == "abc");
}

TEST_CASE("only what a receiver takes for SPF is SPF") {
  CHECK(policy::is_spf("v=spf1"));
  CHECK(policy::is_spf("V=spf1 -all"));
  for (const char* text :
       {"", "v=spf", "v=spf10 -all", "v=spf1;", " v=spf1 -all", "\"v=spf1 -all\""}) {
    CAPTURE(text);
    CHECK_FALSE(policy::is_spf(text));
  }
}

TEST_CASE("an SPF term is judged by RFC 7208's grammar of names") {
  struct Row {
    const char* term;
    policy::SpfTermFault fault;
  };
  using enum policy::SpfTermFault;
  for (const Row& row : {Row{"all", none},
                         Row{"-ALL", none},
                         Row{"all:x", unknown},
                         Row{"mx/24", none},
                         Row{"a:h.example/24", none},
                         Row{"ptr", none},
                         Row{"include:x", none},
                         Row{"include:", unknown},
                         Row{"include=x", unknown},
                         Row{"redirect=x", none},
                         Row{"redirect=", unknown},
                         Row{"x-own=1", none},
                         Row{"v=spf1", unknown},
                         Row{"spf1", unknown},
                         Row{"ip4:1.2.3.4/8", none},
                         Row{"ip4:1.2.3", address},
                         Row{"ip6:::1", none},
                         Row{"ip6:1.2.3.4", address},
                         Row{"=", unknown},
                         Row{"+", unknown}}) {
    CAPTURE(row.term);
    const auto terms = policy::spf_terms(std::string("v=spf1 ") + row.term);
    REQUIRE(terms.size() == 1);
    CHECK(policy::fault(terms[0]) == row.fault);
  }
}

TEST_CASE("an inquiry notes once what it does not know, in lower case, forty at most") {
  const DnsAnswers answers{{{"known.example", RecordType::txt}, {}}};
  Inquiry dns(answers);
  CHECK(dns.look("Known.example", RecordType::txt) != nullptr);
  CHECK(dns.look("known.example", RecordType::mx) == nullptr);
  CHECK(dns.look("KNOWN.example", RecordType::mx) == nullptr);
  CHECK(dns.unanswered().size() == 1);
  for (const std::string& name : {std::string(),
                                  std::string("a..b"),
                                  std::string(".a"),
                                  std::string("a."),
                                  std::string("a b"),
                                  std::string("%{i}.a"),
                                  std::string(64, 'a'),
                                  std::string("a\xFF"),
                                  std::string(63, 'a') + '.' + std::string(63, 'b') + '.' +
                                      std::string(63, 'c') + '.' + std::string(63, 'd')})
    CHECK(dns.look(name, RecordType::txt) == nullptr);
  CHECK(dns.unanswered().size() == 1);
  for (int i = 0; i < 60; ++i) CHECK(dns.look("n" + std::to_string(i), RecordType::a) == nullptr);
  CHECK(dns.unanswered().size() == 40);
}

TEST_CASE("an inquiry reads no more foreign text than any record of ours has") {
  policy::DnsAnswer answer{.outcome = policy::DnsOutcome::found};
  answer.records.assign(Inquiry::max_records, {.text = std::string(Inquiry::max_text, 'x')});
  DnsAnswers answers{{{"a.example", RecordType::txt}, answer}};
  CHECK(Inquiry(answers).texts("a.example", RecordType::txt).size() == 100);
  CHECK(Inquiry(answers).texts("a.example", RecordType::txt).back().size() == 4096);
  answers.begin()->second.records.push_back({.text = "one more"});
  answers.begin()->second.records.front().text += 'x';
  CHECK(Inquiry(answers).texts("a.example", RecordType::txt).size() == 100);
  CHECK(Inquiry(answers).texts("a.example", RecordType::txt).front().size() == 4096);
}
