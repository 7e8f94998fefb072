#include "policy/record_forms.hpp"

#include <doctest/doctest.h>

#include <sstream>
#include <string>
#include <vector>

using policy::DomainCheck;
using policy::RecordType;
using policy::WantedRecord;

namespace {

const std::vector<WantedRecord>& records() {
  static const std::vector<WantedRecord> records{
      {.check = DomainCheck::dkim,
       .name = "p1._domainkey.example.com",
       .type = RecordType::txt,
       .value = std::string(255, 'a') + std::string(255, 'b') + "c",
       .required = true,
       .why = "The key."},
      {.check = DomainCheck::dkim,
       .name = "tok._domainkey.example.com",
       .type = RecordType::cname,
       .value = "tok.dkim.amazonses.com",
       .required = true,
       .why = "A key."},
      {.check = DomainCheck::mail_from,
       .name = "bounce.example.com",
       .type = RecordType::mx,
       .value = "10 feedback-smtp.eu-central-1.amazonses.com",
       .required = true,
       .why = "Bounces."},
      {.check = DomainCheck::spf,
       .name = "example.com",
       .type = RecordType::txt,
       .value = "v=spf1 exists:%{i}.${x} exp=\"\\",
       .ttl = 60,
       .why = "Senders."}};
  return records;
}

}  // namespace

TEST_CASE("the zone file splits long texts and escapes quotation marks") {
  CHECK(policy::zone_file(records()) ==
        "; required: The key.\n"
        "p1._domainkey.example.com. 3600 IN TXT \"" +
            std::string(255, 'a') + "\" \"" + std::string(255, 'b') +
            "\" \"c\"\n"
            "; required: A key.\n"
            "tok._domainkey.example.com. 3600 IN CNAME tok.dkim.amazonses.com.\n"
            "; required: Bounces.\n"
            "bounce.example.com. 3600 IN MX 10 feedback-smtp.eu-central-1.amazonses.com.\n"
            "; advised: Senders.\n"
            "example.com. 60 IN TXT \"v=spf1 exists:%{i}.${x} exp=\\\"\\\\\"\n");
}

TEST_CASE("Terraform gets split texts, and no template where a macro stands") {
  const std::string file = policy::terraform(records(), "example.com");
  CHECK(file.find("resource \"aws_route53_record\" \"dkim_p1__domainkey_example_com_TXT\" {\n"
                  "  zone_id = var.zone_id\n"
                  "  name    = \"p1._domainkey.example.com\"\n"
                  "  type    = \"TXT\"\n"
                  "  ttl     = 3600\n"
                  "  records = [\"" +
                  std::string(255, 'a') + "\\\"\\\"" + std::string(255, 'b') +
                  "\\\"\\\"c\"]\n}\n") != std::string::npos);
  CHECK(file.find("records = [\"10 feedback-smtp.eu-central-1.amazonses.com\"]") !=
        std::string::npos);
  CHECK(file.find("records = [\"v=spf1 exists:%%{i}.$${x} exp=\\\\\\\"\\\\\\\\\"]") !=
        std::string::npos);
  CHECK(file.find("variable \"zone_id\"") != std::string::npos);
}

TEST_CASE("no two resources have one name") {
  WantedRecord dotted = records()[0];
  dotted.name = "p1._domainkey_example.com";
  const std::string file = policy::terraform({records()[0], dotted}, "example.com");
  CHECK(file.find("\"dkim_p1__domainkey_example_com_TXT\"") != std::string::npos);
  CHECK(file.find("\"dkim_p1__domainkey_example_com_TXT_2\"") != std::string::npos);
}

TEST_CASE("the table stays within 100 columns but for values, which are never broken") {
  std::vector<WantedRecord> some = records();
  for (WantedRecord& record : some)
    for (int i = 0; i < 30; ++i) record.why += " and so on";
  const std::string text = policy::table(some);
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    CAPTURE(line);
    CHECK((line.size() <= 100 || line.starts_with("  aaaa")));
  }
  for (const WantedRecord& record : some)
    CHECK(text.find("\n  " + record.value + "\n") != std::string::npos);
  CHECK(
      policy::table(records()).starts_with("NAME                        TYPE   TTL    NEED\n"
                                           "p1._domainkey.example.com   TXT    3600   required\n"));
}

TEST_CASE("steps are numbered lines of at most 100 columns, each of them a comment") {
  std::string lengthy = "Open it";
  for (int i = 0; i < 40; ++i) lengthy += " and go on";
  const std::string text = policy::numbered({lengthy, "Close it."}, "By hand:", "; ");
  CHECK(text.starts_with("\n; By hand:\n;   1. Open it and go on"));
  CHECK(text.ends_with(" go on\n;   2. Close it.\n"));
  std::istringstream lines(text.substr(1));
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    CAPTURE(line);
    CHECK(line.starts_with("; "));
    CHECK(line.size() <= 100);
  }
  CHECK(count == 7);
  CHECK(policy::numbered({"Close it."}, "By hand:", "") == "\nBy hand:\n  1. Close it.\n");
  CHECK(policy::numbered({}, "By hand:", "; ").empty());
}
