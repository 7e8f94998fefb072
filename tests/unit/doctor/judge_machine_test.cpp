#include "relay/doctor/judge.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace doctor {
namespace {

using namespace std::chrono_literals;
using policy::DomainStatus;

constexpr std::uint64_t mebibyte = 1ULL << 20U;

}  // namespace

TEST_SUITE("relay/doctor/judge_machine") {
  TEST_CASE("a domain is well when it is verified and its mail can be signed") {
    CHECK(judge_domain({"example.com", DomainStatus::verified, "", ""}).grade == Grade::ok);
    CHECK(line_of(judge_domain(
              {"example.com", DomainStatus::verified, "The key is gone: publish it.", ""})) ==
          "bad  domain example.com: verified, but: The key is gone -> publish it.");
    const Finding terse = judge_domain({"example.com", DomainStatus::verified, "It is gone.", ""});
    CHECK(terse.what == "verified, but: It is gone.");
    CHECK(terse.mend == "Publish what `postern domain records example.com` prints.");
  }

  TEST_CASE("an edit that has a value published says where the value is to be read") {
    const DomainSeen seen{"example.com", DomainStatus::pending, "", "Publish the value.", true};
    CHECK(judge_domain(seen).mend ==
          "Publish the value (`postern domain records example.com` prints it).");
  }

  TEST_CASE("a domain that waits or drifts is warned of, one that may not send is bad") {
    for (const auto& [status, grade] :
         std::vector<std::pair<DomainStatus, Grade>>{{DomainStatus::pending, Grade::warn},
                                                     {DomainStatus::warning, Grade::warn},
                                                     {DomainStatus::revoked, Grade::bad},
                                                     {DomainStatus::failed, Grade::bad}}) {
      CAPTURE(policy::word(status));
      const Finding finding = judge_domain({"example.com", status, "", "Rename the record."});
      CHECK(finding.grade == grade);
      CHECK(finding.what == policy::word(status));
      CHECK(finding.mend == "Rename the record.");
      CHECK(judge_domain({"example.com", status, "", ""}).mend.find("domain records example.com") !=
            std::string::npos);
    }
  }

  TEST_CASE("servers that are silent are named, with the key that names them") {
    const Finding silent = judge_dns({{"192.0.2.1", 53}}, "no answer in 5 s", true);
    CHECK(silent.grade == Grade::bad);
    CHECK(silent.what.find("192.0.2.1:53") != std::string::npos);
    CHECK(silent.mend.find("dns.servers") != std::string::npos);
    CHECK(judge_dns({}, "SERVFAIL", true).mend.find("/etc/resolv.conf") != std::string::npos);
    CHECK(judge_dns({}, "", true).grade == Grade::ok);
    CHECK(judge_dns({}, "SERVFAIL", false).grade == Grade::warn);  // every domain is vouched for
  }

  TEST_CASE("the disk is bad below the reserve and warned of below twice as much") {
    CHECK(judge_disk("/var", 100 * mebibyte - 1, 100 * mebibyte).grade == Grade::bad);
    CHECK(judge_disk("/var", 100 * mebibyte, 100 * mebibyte).grade == Grade::warn);
    CHECK(judge_disk("/var", 200 * mebibyte - 1, 100 * mebibyte).grade == Grade::warn);
    const Finding well = judge_disk("/var", 200 * mebibyte, 100 * mebibyte);
    CHECK(well.grade == Grade::ok);
    CHECK(well.what == "200 MiB free at /var, 100 MiB are kept in reserve");
  }

  TEST_CASE("a secret that others may read is bad, with the command that closes it") {
    const Findings findings = judge_permissions({{"/a", 0600}, {"/b", 0640}, {"/c", 0644}}, {});
    REQUIRE(findings.size() == 1);
    CHECK(line_of(findings.front()) ==
          "bad  permissions: /c is open to everybody (mode 0644) -> chmod o= /c");
  }

  TEST_CASE("closed secrets, and those that are not there, are one finding that is ok") {
    const Findings findings =
        judge_permissions({{"/a", 0600}, {"/gone", std::nullopt}}, FileSeen{"/s", 0660});
    REQUIRE(findings.size() == 1);
    CHECK(findings.front().grade == Grade::ok);
  }

  TEST_CASE("an admin socket open to everybody is warned of") {
    const Findings findings = judge_permissions({}, FileSeen{"/s", 0666});
    REQUIRE(findings.size() == 1);
    CHECK(findings.front().grade == Grade::warn);
    CHECK(findings.front().mend == "chmod 660 /s");
  }

  TEST_CASE("the relay's own port is bad when silent and warned of when slow") {
    CHECK(judge_listener("127.0.0.1:25", "", 999ms).grade == Grade::ok);
    CHECK(judge_listener("127.0.0.1:25", "", 1s).grade == Grade::warn);
    const Finding silent = judge_listener("127.0.0.1:25", "refused", 0ms);
    CHECK(silent.grade == Grade::bad);
    CHECK(silent.mend.find("listen.smtp") != std::string::npos);
  }

  TEST_CASE("a look without end is bad, by its name, with what may keep it") {
    const Finding late = without_end("account eu-west-1", 15s);
    CHECK(late.grade == Grade::bad);
    CHECK(late.check == "account eu-west-1");
    CHECK(late.what == "nothing came of it within 15 s");
    CHECK(late.mend.find("firewall") != std::string::npos);
  }

  TEST_CASE("a clock that was set is warned of") {
    CHECK(judge_clock(true).grade == Grade::ok);
    CHECK(judge_clock(false).grade == Grade::warn);
  }

  TEST_CASE("a grade is known by its word, and no other word is one") {
    for (const Grade grade : {Grade::ok, Grade::warn, Grade::bad})
      CHECK(grade_of(word(grade)) == grade);
    CHECK_FALSE(grade_of("fine"));
  }
}

}  // namespace doctor
