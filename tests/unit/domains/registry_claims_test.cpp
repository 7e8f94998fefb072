#include "tests/unit/domains/site.hpp"

#include <doctest/doctest.h>

#include <string>

using domains::test::Site;

namespace {

/// The owner `other` has proved example.com; `shop` is the operator's, of the configuration.
struct Claimed : Site {
  Claimed() {
    settings.apps = {configured_app("shop")};
    REQUIRE(open().empty());
    REQUIRE(add_app("theirs", "other"));
  }
  void prove_theirs() {
    REQUIRE(add_domain("example.com", "theirs"));
    prove("example.com");
  }
  /// The configuration gives the name to an app, on somebody's word.
  void claim(const std::string& name) {
    settings.domains = {configured_domain(name)};
    settings.domains[0].trusted = true;
    settings.apps[0].domains = {name};
  }
  /// Why a reload is refused; empty where it is not.
  [[nodiscard]] std::string refusal() {
    const auto prepared = prepare(settings);
    return prepared ? "" : prepared.error().sentence();
  }
};

}  // namespace

TEST_SUITE_BEGIN("relay/domains/registry claims");

TEST_CASE("a reload that takes a name which another owner has proved is refused, and why") {
  struct Row {
    const char *name, *refusal;
  };
  const Row rows[] = {
      {"shop.example.com",
       "The configuration's domain shop.example.com may not be used: it is under example.com, "
       "which another owner (other) has proved: take it out of the configuration, or give its apps "
       "that owner."},
      {"a.b.example.com",
       "The configuration's domain a.b.example.com may not be used: it is under example.com, which "
       "another owner (other) has proved: take it out of the configuration, or give its apps that "
       "owner."},
      {"example.com",
       "The configuration's domain example.com may not be used: it is a domain, which another "
       "owner "
       "(other) has proved: take it out of the configuration, or give its apps that owner."},
      {"notexample.com", ""},
      {"com.example", ""}};
  Claimed site;
  site.prove_theirs();
  const std::string before = site.told();
  for (const Row& row : rows) {
    CAPTURE(row.name);
    for (const bool trusted : {true, false}) {
      CAPTURE(trusted);
      site.claim(row.name);
      site.settings.domains[0].trusted = trusted;
      CHECK(site.refusal() == row.refusal);
    }
  }
  CHECK(site.told() == before);
  site.claim("shop.example.com");
  site.settings.apps[0].owner = "other";
  CHECK(site.refusal() == "");
}

TEST_CASE("a start goes on beside a name that is another owner's, which nobody may use") {
  Claimed site;
  site.prove_theirs();
  for (const char* name : {"shop.example.com", "example.com"}) {
    CAPTURE(name);
    site.claim(name);
    site.reopen();
    REQUIRE(site.registry->notices().size() == 1);
    CHECK(site.registry->notices()[0].starts_with("The configuration's domain " +
                                                  std::string(name) + " may not be used: it is "));
    CHECK(site.catalog()->of_app("shop").empty());
    CHECK(site.app("shop"));
    CHECK(site.domain("example.com")->owner == "other");
    CHECK(site.domain("example.com")->state.status == policy::DomainStatus::verified);
    CHECK(site.catalog()->of_app("theirs").size() == 1);
  }
  site.claim("shop.example.com");
  site.reopen();
  const auto shown = site.domain("shop.example.com");
  CHECK(shown->contested);
  CHECK(shown->state.status == policy::DomainStatus::failed);
  CHECK(shown->trouble.starts_with("it is under example.com, which another owner (other) has"));
  CHECK_FALSE(shown->signer);
  CHECK_FALSE(site.associate("shop.example.com", "shop"));
  CHECK(site.add_domain("shop.example.com", "theirs"));  // it is free for who may have it
  REQUIRE(site.remove_domain("shop.example.com"));
  REQUIRE(site.remove_domain("example.com"));
  site.reload();
  CHECK_FALSE(site.domain("shop.example.com")->contested);
  CHECK(site.catalog()->of_app("shop").size() == 1);
}

TEST_CASE("a name that the configuration had first is not lost to who proves one above it") {
  Claimed site;
  site.claim("shop.example.com");
  site.reload();
  const auto right = site.catalog()->of_app("shop").at(0);
  site.prove_theirs();
  for (const bool by_reload : {true, false}) {
    CAPTURE(by_reload);
    by_reload ? site.reload() : site.reopen();
    CHECK(site.catalog()->of_app("shop") == std::vector{right});
    CHECK_FALSE(site.domain("shop.example.com")->contested);
  }
  // Once it was given up, it is a new claim.
  auto with = site.settings;
  site.settings.domains.clear();
  site.settings.apps[0].domains.clear();
  site.reload();
  site.settings = with;
  CHECK(site.refusal() != "");
}

TEST_CASE("a name is not taken before it is proved above, nor by who wrote both into one file") {
  Claimed site;
  REQUIRE(site.add_domain("example.com", "theirs"));
  site.claim("shop.example.com");
  CHECK(site.refusal() == "");
  REQUIRE(site.remove_domain("example.com"));
  site.settings.domains.push_back(Site::configured_domain("example.com"));
  site.settings.domains.back().trusted = true;
  site.settings.apps.push_back(Site::configured_app("blog", {"example.com"}));
  site.settings.apps.back().owner = "other";
  site.reload();
  CHECK(site.catalog()->of_app("shop").size() == 1);
  CHECK(site.catalog()->of_app("blog").size() == 1);
}

TEST_CASE("what another owner proved within one file stands against a name under it") {
  Claimed site;
  site.settings.domains = {Site::configured_domain("example.com")};
  site.settings.apps.push_back(Site::configured_app("blog", {"example.com"}));
  site.settings.apps.back().owner = "other";
  site.reload();
  site.prove("example.com");
  site.settings.domains.push_back(Site::configured_domain("shop.example.com"));
  site.settings.apps[0].domains = {"shop.example.com"};
  CHECK(site.refusal().find("may not be used: it is under example.com") != std::string::npos);
  site.reopen();
  CHECK(site.domain("shop.example.com")->contested);
  CHECK(site.catalog()->of_app("blog").size() == 1);
}

TEST_CASE("a reload waits for the change that is under way, and finds it made") {
  Claimed site;
  bool added = false;
  net::spawn(
      site.context.get_executor(),
      [&]() -> net::asio::awaitable<void> {
        domains::NewDomain domain;
        domain.name = "example.com";
        domain.algorithm = dkim::Algorithm::ed25519_sha256;
        added = (co_await site.registry->add_domain(domain, site.somebody)).has_value();
      },
      [](std::string_view what) { FAIL(what); },
      [] {});
  site.settings.domains = {Site::configured_domain("example.com")};
  site.reload();
  CHECK(added);
  const std::string record = site.domain("example.com")->public_records.at("p1");
  CHECK(site.domain("example.com")->provisioned);
  site.reopen();
  CHECK(site.domain("example.com")->public_records.at("p1") == record);
}

TEST_SUITE_END();
