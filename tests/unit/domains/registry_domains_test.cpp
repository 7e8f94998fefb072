#include "relay/domains/documents.hpp"
#include "tests/unit/dkim/rfc_keys.hpp"
#include "tests/unit/domains/site.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <utility>
#include <vector>

using domains::NewDomain;
using domains::Registry;
using domains::test::Site;

namespace {

struct Opened : Site {
  Opened() {
    REQUIRE(open().empty());
    REQUIRE(add_app("shop"));
  }
};

NewDomain named(const std::string& name) {
  NewDomain domain;
  domain.name = name;
  return domain;
}

}  // namespace

TEST_SUITE_BEGIN("relay/domains/registry domains");

TEST_CASE("a new domain has a challenge, a key and no right to send yet") {
  Opened site;
  REQUIRE(site.add_domain("example.com", "shop"));
  const auto domain = site.domain("example.com");
  REQUIRE(domain);
  CHECK(domain->owner == "operator");
  CHECK(domain->challenge == site.master_key->challenge("example.com"));
  CHECK(domain->state.status == policy::DomainStatus::pending);
  CHECK(domain->state.since == asked::noon);
  REQUIRE(domain->ring.size() == 1);
  CHECK(domain->ring[0].selector == "p1");
  CHECK(domain->ring[0].stage == dkim::KeyStage::fresh);
  CHECK(domain->public_records.at("p1").starts_with("v=DKIM1; k=ed25519; p="));
  CHECK_FALSE(domain->signer);
  CHECK(domain->unsigned_why.find("has not been seen in DNS yet") != std::string::npos);
  CHECK(domain->trouble.find("postern domain verify example.com") != std::string::npos);
  REQUIRE(site.catalog()->of_app("shop").size() == 1);
  CHECK(site.audit().starts_with("somebody: domain add example.com (owner operator)\n"));
}

TEST_CASE("a domain is known by either form of its name, in any case") {
  Opened site;
  REQUIRE(site.add_domain("Bücher.Example.ORG"));
  REQUIRE(site.domain("xn--bcher-kva.example.org"));
  CHECK(Site::told(site.add_domain("xn--bcher-kva.example.org")) ==
        "conflict: There is a domain xn--bcher-kva.example.org.");
  CHECK(site.associate("BÜCHER.Example.org", "shop"));
  CHECK(site.dissociate("bücher.example.org", "shop"));
  CHECK(site.remove_domain("bücher.example.org"));
  CHECK(site.catalog()->domains.empty());
}

TEST_CASE("a domain that cannot be is refused with what to write instead") {
  Opened site;
  REQUIRE(site.add_domain("example.com"));
  struct Row {
    std::string refused;
    NewDomain domain;
  };
  const auto with = [](auto change) {
    NewDomain domain = named("example.net");
    change(domain);
    return domain;
  };
  const std::vector<Row> rows{
      {"conflict: There is a domain example.com.", named("example.com")},
      {"invalid: The domain is empty.", named("")},
      {"invalid: The domain is not a host name", named("exa mple.com")},
      {"invalid: com is a public suffix, which nobody owns", named("com")},
      {"invalid: co.uk is a public suffix, which nobody owns", named("co.uk")},
      {"absent: There is no app named blog.", with([](NewDomain& d) { d.app = "blog"; })},
      {"invalid: A selector is", with([](NewDomain& d) { d.selector = "p 1"; })},
      {"invalid: An owner's name is", with([](NewDomain& d) { d.owner = "no body"; })},
      {"invalid: The MAIL FROM domain must be under example.net",
       with([](NewDomain& d) { d.mail_from = "bounce.example.com"; })},
      {"invalid: The MAIL FROM domain must be under example.net",
       with([](NewDomain& d) { d.mail_from = "example.net"; })},
      {"invalid: The MAIL FROM domain must be under example.net",
       with([](NewDomain& d) { d.mail_from = "a\n b.example.net"; })},
      {"invalid: ", with([](NewDomain& d) { d.pem = "no key"; })},
  };
  const std::string before = site.told();
  for (const Row& row : rows) {
    CAPTURE(row.refused);
    CHECK(Site::told(site.add(row.domain)).starts_with(row.refused));
  }
  CHECK(site.told() == before);
}

TEST_CASE("a MAIL FROM domain is kept in the compared form") {
  Opened site;
  NewDomain domain = named("example.com");
  domain.mail_from = "Bounce.EXAMPLE.com";
  domain.subdomains = true;
  domain.signing = policy::SigningMode::ses;
  REQUIRE(site.add(domain));
  site.reopen();
  const auto kept = site.domain("example.com");
  CHECK(kept->mail_from == "bounce.example.com");
  CHECK(kept->subdomains);
  CHECK(kept->signing == policy::SigningMode::ses);
  CHECK(kept->ring.empty());
  CHECK(Site::told(site.rotate("example.com", Registry::Rotation::begin))
            .starts_with("invalid: SES signs for this domain"));
}

TEST_CASE("a name under another owner's is refused once that one was proved") {
  Opened site;
  REQUIRE(site.add_app("theirs", "other"));
  REQUIRE(site.add_domain("example.com", "theirs"));
  REQUIRE(site.add_domain("free.example.com"));
  site.prove("example.com");
  const std::string refused = "invalid: new.example.com is under a name that another owner has";
  CHECK(Site::told(site.add_domain("new.example.com")).starts_with(refused));
  CHECK(Site::told(site.add_domain("a.b.example.com", "shop")).starts_with("invalid: "));
  CHECK(site.add_domain("new.example.com", "theirs"));
  CHECK(site.add_domain("newexample.com"));
}

TEST_CASE("a domain serves apps of its own owner alone") {
  Opened site;
  REQUIRE(site.add_app("blog"));
  REQUIRE(site.add_app("theirs", "other"));
  REQUIRE(site.add_domain("example.com", "shop"));
  CHECK(site.associate("example.com", "blog"));
  CHECK(Site::told(site.associate("example.com", "theirs")) ==
        "invalid: example.com serves the apps of its own owner only, and theirs is another's.");
  CHECK(Site::told(site.associate("example.net", "blog")) ==
        "absent: There is no domain example.net.");
  CHECK(Site::told(site.associate("example.com", "none")) == "absent: There is no app named none.");
  CHECK(Site::told(site.dissociate("example.com", "theirs")) ==
        "absent: example.com does not serve theirs.");
  const int changes = site.changes;
  CHECK(site.associate("example.com", "blog"));  // it is so already
  CHECK(site.changes == changes);
  CHECK(site.catalog()->of_domain("example.com").size() == 2);
}

TEST_CASE("the number of an association is never given again") {
  Opened site;
  REQUIRE(site.add_domain("example.com"));
  std::set<std::uint64_t> numbers;
  for (int i = 0; i < 6; ++i) {
    CAPTURE(i);
    REQUIRE(site.associate("example.com", "shop"));
    CHECK(numbers.insert(site.catalog()->of_app("shop").at(0).number).second);
    REQUIRE(site.dissociate("example.com", "shop"));
    CHECK(site.catalog()->of_app("shop").empty());
    if (i % 2 == 0) site.reopen();
  }
  CHECK(numbers == std::set<std::uint64_t>{1, 2, 3, 4, 5, 6});
}

TEST_CASE("an app serves so many domains and no more, however they come to it") {
  Site site;
  std::vector<spool::DocumentWrite> kept;
  domains::AppDocument shop;
  shop.app.owner = "operator";
  kept.push_back({"app", "shop", domains::to_json(shop), 0});
  domains::Domain domain;
  domain.owner = "operator";
  domain.signing = policy::SigningMode::ses;
  constexpr auto most = domains::max_associations_of_app;
  for (std::uint64_t i = 1; i < most; ++i) {
    const std::string name = "d" + std::to_string(i) + ".example";
    kept.push_back({"domain", name, domains::to_json(domain), 0});
    kept.push_back({"association",
                    "shop " + name,
                    domains::to_json(domains::Association{"shop", name, i, false}),
                    0});
  }
  site.keep(std::move(kept));
  REQUIRE(site.open().empty());
  REQUIRE(site.add_domain("first.example", "shop"));
  CHECK(site.catalog()->of_app("shop").size() == most);
  const std::string refused = "invalid: An app has 500 domains at most.";
  CHECK(Site::told(site.add_domain("last.example", "shop")) == refused);
  REQUIRE(site.add_domain("last.example"));
  CHECK(Site::told(site.associate("last.example", "shop")) == refused);
  // What it has goes with it, in one commit.
  CHECK(site.run([&] { return site.registry->remove_app("shop", site.somebody, {}); }));
  CHECK(site.catalog()->associations.empty());
}

TEST_CASE("a key is imported as it is, a weak one only where that is allowed") {
  Opened site;
  NewDomain domain = named("example.com");
  domain.pem = dkim::test::rfc6376_key;
  domain.selector = "brisbane";
  CHECK(Site::told(site.add(domain)).starts_with("invalid: "));
  CHECK_FALSE(site.domain("example.com"));
  domain.allow_weak = true;
  REQUIRE(site.add(domain));
  CHECK(site.domain("example.com")->public_records.at("brisbane") == dkim::test::rfc6376_record);
  NewDomain elliptic = named("example.net");
  elliptic.pem = dkim::test::rfc8463_key;
  REQUIRE(site.run([&] { return site.registry->add_domain(elliptic, site.somebody); }));
  CHECK(site.domain("example.net")->public_records.at("p1") == dkim::test::rfc8463_record);
  // The next key is of the same kind.
  CHECK(site.domain("example.net")->algorithm == dkim::Algorithm::ed25519_sha256);
  const std::string told = site.told();
  site.reopen();
  CHECK(site.told() == told);
}

TEST_CASE("a domain that is removed leaves nothing") {
  Opened site;
  REQUIRE(site.add_domain("example.com", "shop"));
  site.prove("example.com");
  REQUIRE(site.rotate("example.com", Registry::Rotation::begin));
  REQUIRE(site.domain("example.com")->public_records.size() == 2);
  CHECK(Site::told(site.remove_domain("example.net")) == "absent: There is no domain example.net.");
  REQUIRE(site.remove_domain("example.com"));
  CHECK_FALSE(site.domain("example.com"));
  CHECK(site.catalog()->associations.empty());
  CHECK(site.audit().starts_with("somebody: domain remove example.com ()\n"));
  site.close();
  CHECK(site.documents() == "app/shop, registry/");
}

TEST_CASE("a domain that comes back begins anew") {
  Opened site;
  REQUIRE(site.add_domain("example.com", "shop"));
  site.prove("example.com");
  const auto number = site.catalog()->of_app("shop").at(0).number;
  const std::string id = site.domain("example.com")->ring.at(0).id;
  REQUIRE(site.remove_domain("example.com"));
  REQUIRE(site.add_domain("example.com", "shop"));
  CHECK(site.domain("example.com")->state.status == policy::DomainStatus::pending);
  CHECK_FALSE(site.domain("example.com")->state.proved);
  CHECK(site.domain("example.com")->ring.at(0).id != id);
  CHECK(site.catalog()->of_app("shop").at(0).number != number);
}

TEST_CASE("a change of a domain needs the version that was shown") {
  Opened site;
  REQUIRE(site.add_domain("example.com"));
  const auto shown = [&] { return site.domain("example.com")->version; };
  auto before = shown();
  site.prove("example.com");
  const std::string changed = "conflict: It has changed meanwhile: look again.";
  CHECK(shown() == before);  // that somebody looked is no change
  for (const bool serves : {true, false}) {
    const auto done =
        serves ? site.associate("example.com", "shop") : site.dissociate("example.com", "shop");
    REQUIRE(done);
    CHECK(shown() > std::exchange(before, shown()));
  }
  domains::NewApp blog;
  blog.name = "blog";
  blog.domains = {"example.com"};
  REQUIRE(site.run([&] { return site.registry->add_app(blog, site.somebody); }));
  CHECK(shown() > std::exchange(before, shown()));
  REQUIRE(site.run([&] { return site.registry->remove_app("blog", site.somebody, {}); }));
  CHECK(shown() > before);
  site.reopen();
  CHECK(shown() > before);
  CHECK(Site::told(site.rotate("example.com", Registry::Rotation::begin, before)) == changed);
  CHECK(Site::told(site.remove_domain("example.com", before)) == changed);
  const auto now = site.domain("example.com")->version;
  CHECK(site.rotate("example.com", Registry::Rotation::begin, now));
  CHECK(Site::told(site.rotate("example.com", Registry::Rotation::abandon, now)) == changed);
  CHECK(site.remove_domain("example.com", site.domain("example.com")->version));
}

TEST_CASE("everything is there again after a restart") {
  Opened site;
  REQUIRE(site.add_app("blog", "other"));
  REQUIRE(site.add_domain("example.com", "shop"));
  REQUIRE(site.add_domain("example.net", "blog"));
  site.prove("example.com");
  site.clock.pass(std::chrono::minutes(10));
  REQUIRE(site.rotate("example.com", Registry::Rotation::begin));
  site.record(site.round("example.net", policy::CheckResult::bad, dkim::Seen::absent));
  REQUIRE(site.run(
      [&] { return site.registry->override_app("blog", Site::block("spam"), site.somebody, {}); }));
  const std::string told = site.told();
  site.reopen();
  CHECK(site.told() == told);
  CHECK(site.domain("example.com")->signer);
  site.reopen();
  CHECK(site.told() == told);
}
