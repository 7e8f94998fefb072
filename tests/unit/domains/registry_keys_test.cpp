#include "tests/unit/dkim/rfc_keys.hpp"
#include "tests/unit/domains/site.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

using domains::NewDomain;
using domains::Registry;
using domains::test::Site;

namespace {

struct Opened : Site {
  Opened() { REQUIRE(open().empty()); }
};

NewDomain named(const std::string& name) {
  NewDomain domain;
  domain.name = name;
  return domain;
}

/// What lies in the store's files.
std::string octets_of(const std::filesystem::path& directory) {
  std::string all;
  for (const auto& file : std::filesystem::directory_iterator(directory)) {
    if (!file.is_regular_file()) continue;
    std::ifstream stream(file.path(), std::ios::binary);
    all.append(std::istreambuf_iterator<char>(stream), {});
  }
  return all;
}

}  // namespace

TEST_SUITE_BEGIN("relay/domains/registry keys");

TEST_CASE("a key that is made for RSA has 2048 bits and is not made twice the same") {
  Opened site;
  for (const std::string name : {"example.com", "example.net"})
    REQUIRE(site.run([&] { return site.registry->add_domain(named(name), site.somebody); }));
  const auto pem = site.export_key("example.com", "p1");
  REQUIRE(pem);
  const auto key = dkim::read_key(*pem);
  REQUIRE(key.has_value());
  CHECK(key->algorithm() == dkim::Algorithm::rsa_sha256);
  CHECK(key->bits() == 2048);
  CHECK(site.domain("example.com")->ring.at(0).id != site.domain("example.net")->ring.at(0).id);
}

TEST_CASE("a private key is given out by name alone, and that is written down") {
  Opened site;
  NewDomain domain = named("example.com");
  domain.pem = dkim::test::rfc8463_key;
  REQUIRE(site.add(domain));
  const auto pem = site.export_key("Example.com", "p1");
  REQUIRE(pem);
  CHECK(*pem == dkim::test::rfc8463_key);
  CHECK(site.audit().starts_with("somebody: domain export-key example.com (selector p1)\n"));
  CHECK(Site::told(site.export_key("example.net", "p1")).starts_with("absent: "));
  CHECK(Site::told(site.export_key("example.com", "p2")) ==
        "absent: example.com has no key with the selector p2.");
  site.store->close();
  CHECK(Site::told(site.export_key("example.com", "p1")).starts_with("failed: "));
}

TEST_CASE("no key lies in clear in the store's files, and none is read with another master key") {
  Opened site;
  NewDomain domain = named("example.com");
  domain.pem = dkim::test::rfc8463_key;
  REQUIRE(site.add(domain));
  const std::string secret = "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v";
  REQUIRE(site.export_key("example.com", "p1")->find(secret) != std::string::npos);
  const auto hidden = [&] {
    const std::string octets = octets_of(site.directory.path());
    CHECK(octets.find("example.com p1") != std::string::npos);
    CHECK(octets.find(secret) == std::string::npos);
    CHECK(octets.find("PRIVATE KEY") == std::string::npos);
  };
  hidden();
  site.close();
  hidden();
  const auto right = site.master_key;
  site.master_key = domains::test::master_key_of(domains::test::other_master_key_text);
  const std::string why = site.open();
  CHECK(why == "The store is sealed by another master key (id " + right->key_id() +
                   "): give `master_key_file` that one, or restore it from a backup.");
  site.master_key = nullptr;
  CHECK(site.open() == why);
  site.master_key = right;
  CHECK(site.open().empty());
}

TEST_CASE("a rotation is begun once, abandoned, and ended when the old record is gone") {
  Opened site;
  REQUIRE(site.add_domain("example.com"));
  CHECK(Site::told(site.rotate("example.net", Registry::Rotation::begin)) ==
        "absent: There is no domain example.net.");
  CHECK(Site::told(site.rotate("example.com", Registry::Rotation::begin))
            .starts_with("conflict: The DKIM key p1 is on its way into use"));
  CHECK(site.domain("example.com")->public_records.size() == 1);
  site.prove("example.com");
  REQUIRE(site.domain("example.com")->signer);
  REQUIRE(site.rotate("example.com", Registry::Rotation::begin));
  CHECK(site.domain("example.com")->ring.size() == 2);
  CHECK(site.domain("example.com")->public_records.contains("p2"));
  CHECK(site.domain("example.com")->signer->selector() == "p1");
  CHECK(Site::told(site.rotate("example.com", Registry::Rotation::begin)).starts_with("invalid: "));
  REQUIRE(site.rotate("example.com", Registry::Rotation::abandon));
  CHECK(site.domain("example.com")->ring.size() == 1);
  CHECK(Site::told(site.rotate("example.com", Registry::Rotation::abandon))
            .starts_with("conflict: "));
  CHECK(Site::told(site.rotate("example.com", Registry::Rotation::removed)) ==
        "invalid: No key's record may be removed now.");
  REQUIRE(site.rotate("example.com", Registry::Rotation::begin));
  site.prove_for("example.com", std::chrono::hours(1));  // seen everywhere for its TTL
  CHECK(site.domain("example.com")->signer->selector() == "p2");
  site.let_go_of("example.com", "p1");
  CHECK(site.domain("example.com")->ring.size() == 1);
  CHECK(site.audit().find("domain rotate-key example.com (begun, selector p2)") !=
        std::string::npos);
  const std::string told = site.told();
  site.close();
  CHECK(site.documents().find("key/example.com p1") == std::string::npos);
  CHECK(site.documents().find("key/example.com p2") != std::string::npos);
  REQUIRE(site.open().empty());
  CHECK(site.told() == told);
}

TEST_CASE("of a domain that somebody vouches for the key is rotated by their word") {
  using Rotation = Registry::Rotation;
  Site site;
  site.settings.domains = {Site::configured_domain("example.com")};
  site.settings.domains[0].trusted = true;
  REQUIRE(site.open().empty());
  const auto signs = [&] { return site.domain("example.com")->signer->selector(); };
  CHECK(signs() == "p1");
  CHECK(Site::told(site.rotate("example.com", Rotation::published)) ==
        "conflict: No DKIM key is on its way to follow the one that signs.");
  REQUIRE(site.rotate("example.com", Rotation::begin));
  CHECK(site.domain("example.com")->public_records.contains("p2"));
  CHECK(signs() == "p1");
  CHECK(Site::told(site.rotate("example.com", Rotation::begin)) ==
        "conflict: The DKIM key p2 waits for its record: publish it, then `postern domain "
        "rotate-key example.com --published` lets it sign.");
  REQUIRE(site.rotate("example.com", Rotation::abandon));
  REQUIRE(site.rotate("example.com", Rotation::begin));
  REQUIRE(site.rotate("example.com", Rotation::published));
  CHECK(signs() == "p2");
  site.reopen();
  CHECK(signs() == "p2");
  CHECK(Site::told(site.rotate("example.com", Rotation::begin)).starts_with("invalid: Two keys"));
  CHECK(Site::told(site.rotate("example.com", Rotation::removed)) ==
        "invalid: No key's record may be removed now.");
  site.clock.pass(dkim::default_margin);
  REQUIRE(site.rotate("example.com", Rotation::removed));
  site.clock.pass(dkim::max_ttl);
  REQUIRE(site.rotate("example.com", Rotation::begin));
  CHECK(signs() == "p2");
  CHECK(site.domain("example.com")->public_records.contains("p1"));
}

TEST_CASE("no word but DNS's lets the next key of a domain sign that DNS verifies") {
  Opened site;
  REQUIRE(site.add_domain("example.com"));
  site.prove("example.com");
  REQUIRE(site.rotate("example.com", Registry::Rotation::begin));
  CHECK(Site::told(site.rotate("example.com", Registry::Rotation::published)) ==
        "invalid: DNS itself shows when the next record is published: `postern domain verify` "
        "looks.");
  CHECK(site.domain("example.com")->signer->selector() == "p1");
}

TEST_CASE("a key that was let sign by word is not taken for seen once DNS verifies the domain") {
  Site site;
  site.settings.domains = {Site::configured_domain("example.com")};
  site.settings.domains[0].trusted = true;
  REQUIRE(site.open().empty());
  REQUIRE(site.rotate("example.com", Registry::Rotation::begin));
  REQUIRE(site.rotate("example.com", Registry::Rotation::published));
  site.settings.domains[0].trusted = false;
  site.reload();
  CHECK_FALSE(site.domain("example.com")->signer);
  site.prove("example.com");
  CHECK(site.domain("example.com")->signer->selector() == "p2");
}

TEST_CASE("a selector that is changed for a vouched domain makes a key that waits for a word") {
  Site site;
  site.settings.domains = {Site::configured_domain("example.com")};
  site.settings.domains[0].trusted = true;
  REQUIRE(site.open().empty());
  site.settings.domains[0].selector = "s2026";
  site.reload();
  CHECK(site.registry->notices().at(0).ends_with(
      "`postern domain rotate-key example.com --published` lets it sign"));
  CHECK(site.domain("example.com")->signer->selector() == "p1");
  REQUIRE(site.rotate("example.com", Registry::Rotation::published));
  CHECK(site.domain("example.com")->signer->selector() == "s2026");
}

TEST_SUITE_END();

TEST_SUITE_BEGIN("relay/domains/registry rounds");

TEST_CASE("what a round found is known at once and after a restart") {
  Opened site;
  REQUIRE(site.add_domain("example.com"));
  const int changes = site.changes;
  site.prove("example.com");
  CHECK(site.domain("example.com")->state.status == policy::DomainStatus::verified);
  CHECK(site.domain("example.com")->trouble.empty());
  REQUIRE(site.domain("example.com")->signer);
  CHECK(site.changes == changes + 1);
  site.clock.pass(std::chrono::minutes(1));
  site.prove("example.com");  // nothing new for mail
  CHECK(site.changes == changes + 1);
  CHECK(site.domain("example.com")->state.last_round == site.clock.now());
  site.reopen();
  CHECK(site.domain("example.com")->state.last_round == site.clock.now());
  CHECK(site.domain("example.com")->signer);
}

TEST_CASE("a round of a domain that is gone, or of keys that are others now, says nothing") {
  Opened site;
  REQUIRE(site.add_domain("example.com"));
  const domains::Round old = site.round("example.com", policy::CheckResult::good);
  REQUIRE(site.remove_domain("example.com"));
  site.record(old);
  CHECK_FALSE(site.domain("example.com"));
  REQUIRE(site.add_domain("example.com"));
  site.record(old);
  CHECK(site.domain("example.com")->state.status == policy::DomainStatus::pending);
  CHECK_FALSE(site.domain("example.com")->signer);
}

TEST_CASE("what could not be written is known all the same, and written by the next round") {
  Opened site;
  REQUIRE(site.add_domain("example.com"));
  site.store->close();
  site.prove("example.com");
  CHECK(site.domain("example.com")->state.status == policy::DomainStatus::verified);
  site.reopen();
  CHECK(site.domain("example.com")->state.status == policy::DomainStatus::pending);
}

TEST_CASE("SES's silence keeps what it said before") {
  Opened site;
  REQUIRE(site.add_domain("example.com"));
  domains::Round round = site.round("example.com", policy::CheckResult::good);
  round.identity.mail_from = "bounce.example.com";
  site.record(round);
  round.identity = {};
  round.identity.result = policy::CheckResult::silent;
  site.record(round);
  CHECK(site.domain("example.com")->identity.mail_from == "bounce.example.com");
}

TEST_CASE("the trouble of a domain is the first required record that is wrong") {
  using policy::DomainCheck;
  Opened site;
  REQUIRE(site.add_domain("example.com"));
  domains::Round round = site.round("example.com", policy::CheckResult::bad, dkim::Seen::absent);
  const auto diagnosis = [](DomainCheck check, const std::string& edit) {
    policy::Diagnosis made;
    made.check = check;
    made.edit = edit;
    return made;
  };
  round.examination.diagnoses = {diagnosis(DomainCheck::dmarc, "advice"),
                                 diagnosis(DomainCheck::dkim, "publish the key"),
                                 diagnosis(DomainCheck::ownership, "publish the challenge")};
  site.record(round);
  CHECK(site.domain("example.com")->trouble == "publish the challenge");
  site.reopen();
  CHECK(site.domain("example.com")->trouble == "publish the challenge");
  site.prove("example.com");
  site.record(round);
  CHECK(site.domain("example.com")->state.status == policy::DomainStatus::warning);
  CHECK(site.domain("example.com")->trouble.empty());  // it may send
}
