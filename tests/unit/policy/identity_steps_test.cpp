#include "policy/identity_steps.hpp"

#include "record_zone.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using policy::DomainSetup;
using records::Kind;

namespace {

std::string said(const DomainSetup& setup) {
  std::string text;
  for (const std::string& step : policy::identity_steps(setup)) text += step + '\n';
  return text;
}

bool says(const DomainSetup& setup, const std::string& words) {
  return said(setup).find(words) != std::string::npos;
}

DomainSetup with_key(const std::string& selector, const std::string& record) {
  DomainSetup setup = records::setup_of(Kind::plain);
  setup.selectors = {{selector, record, true, false}};
  return setup;
}

const std::string byodkim = "\"Provide DKIM authentication token (BYODKIM)\"";

}  // namespace

TEST_CASE("the console's steps name region, domain, choice, key and MAIL FROM domain") {
  const DomainSetup setup = records::setup_of(Kind::plain);
  CHECK(policy::identity_steps(setup).size() == 4);
  CHECK(says(setup, "region " + setup.region + ", "));
  CHECK(says(setup, "Create identity, and as its type Domain: example.com. "));
  CHECK(says(setup, byodkim + ": selector name p1, "));
  CHECK(says(setup, "`postern domain export-key example.com --selector p1`"));
  CHECK(says(setup, "Or choose Easy DKIM"));
  CHECK(says(setup, "\"Use a custom MAIL FROM domain\": " + setup.mail_from + ", "));
}

TEST_CASE("where SES signs the choice is Easy DKIM, and no key is spoken of") {
  const DomainSetup setup = records::setup_of(Kind::easy);
  CHECK(says(setup, "choose Easy DKIM"));
  CHECK(!says(setup, "BYODKIM"));
  CHECK(!says(setup, "export-key"));
  CHECK(!says(setup, "beside the records"));
}

TEST_CASE("a key that SES does not take is not offered to it") {
  struct Row {
    std::string selector, record;
    bool offered;
  };
  const std::vector<Row> rows{
      {"p1", "v=DKIM1; k=rsa; p=" + std::string(392, 'A'), true},   // 2048 bits
      {"p1", "v=DKIM1; k=rsa; p=" + std::string(396, 'A'), false},  // more
      {"p1", "v=DKIM1; p=" + std::string(216, 'A'), true},          // 1024 bits
      {"p1", "v=DKIM1; k=ed25519; p=" + std::string(44, 'A'), false},
      {"drupal2026", "v=DKIM1; k=rsa; p=AB", true},
      {"drupal-2026", "v=DKIM1; k=rsa; p=AB", false},
      {std::string(63, 's'), "v=DKIM1; k=rsa; p=AB", true},
  };
  for (const Row& row : rows) {
    CAPTURE(row.selector);
    CAPTURE(row.record);
    const DomainSetup setup = with_key(row.selector, row.record);
    CHECK(says(setup, byodkim) == row.offered);
    CHECK(says(setup, "hoose Easy DKIM"));
  }
}

TEST_CASE("the key for SES is the one that signs, before any signs the first") {
  DomainSetup setup = with_key("p1", "v=DKIM1; k=rsa; p=AB");
  setup.selectors.push_back({"p2", "v=DKIM1; k=rsa; p=CD", false, false});
  CHECK(says(setup, "--selector p1`"));
  std::swap(setup.selectors[0].signs, setup.selectors[1].signs);
  CHECK(says(setup, "--selector p2`"));
  setup.selectors[1].signs = false;
  CHECK(says(setup, "--selector p1`"));
  setup.selectors.clear();
  CHECK(!says(setup, byodkim));
}

TEST_CASE("without a MAIL FROM domain nothing is said of it, without SES nothing at all") {
  DomainSetup setup = records::setup_of(Kind::plain);
  setup.mail_from.clear();
  CHECK(policy::identity_steps(setup).size() == 3);
  CHECK(!says(setup, "MAIL FROM"));
  setup.region.clear();
  CHECK(policy::identity_steps(setup).empty());
}
