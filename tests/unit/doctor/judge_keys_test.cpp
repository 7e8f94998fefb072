#include "relay/doctor/judge.hpp"
#include "tests/unit/dkim/rfc_keys.hpp"

#include <doctest/doctest.h>

#include <string>

namespace doctor {
namespace {

const policy::DnsQuestion key_question{"p1._domainkey.example.com", policy::RecordType::txt};

policy::DomainSetup signing() {
  policy::DomainSetup setup;
  setup.name = "example.com";
  setup.selectors = {{"p1", std::string(dkim::test::rfc8463_record), true, false},
                     {"p2", std::string(dkim::test::rfc6376_record), false, false}};
  return setup;
}

Finding judged(policy::DnsOutcome outcome, std::string_view text, std::string why = {}) {
  policy::DnsAnswer answer;
  answer.outcome = outcome;
  answer.why = std::move(why);
  if (!text.empty()) answer.records.push_back({std::string(text), {std::string(text)}});
  return judge_keys(signing(), {{key_question, answer}});
}

bool says(const std::string& text, std::string_view words) {
  CAPTURE(text);
  return text.find(words) != std::string::npos;
}

}  // namespace

TEST_SUITE("relay/doctor/judge_keys") {
  TEST_CASE("asked for is the key that signs, and no other") {
    CHECK(key_questions(signing()) == std::vector{key_question});
  }

  TEST_CASE("the key that signs is well where it stands in DNS") {
    const Finding finding = judged(policy::DnsOutcome::found, dkim::test::rfc8463_record);
    CHECK(finding.grade == Grade::ok);
    CHECK(finding.check == "dkim example.com");
    CHECK(finding.mend.empty());
  }

  TEST_CASE("a key that was never published, and another's, are warned of with what to publish") {
    for (const Finding& finding : {judged(policy::DnsOutcome::no_name, ""),
                                   judged(policy::DnsOutcome::no_data, ""),
                                   judged(policy::DnsOutcome::found, "v=spf1 -all"),
                                   judged(policy::DnsOutcome::found, dkim::test::rfc6376_record)}) {
      CHECK(finding.grade == Grade::warn);
      CHECK(says(finding.what, "receivers cannot verify"));
      CHECK(says(finding.what, key_question.name));
      CHECK(says(finding.mend, "publish a TXT record"));
      CHECK(says(finding.mend, "(`postern domain records example.com` prints it)."));
    }
    CHECK(says(judged(policy::DnsOutcome::found, dkim::test::rfc6376_record).mend,
               "the key of the domain's other selector"));
  }

  TEST_CASE("DNS that does not answer is no missing key") {
    const Finding finding = judged(policy::DnsOutcome::failed, "", "SERVFAIL");
    CHECK(finding.grade == Grade::warn);
    CHECK(finding.what == "DNS did not answer for p1._domainkey.example.com (SERVFAIL)");
    CHECK(says(finding.mend, "Look at the resolver"));
    CHECK_FALSE(says(finding.mend, "ublish"));
  }
}

}  // namespace doctor
