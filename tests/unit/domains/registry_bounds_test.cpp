#include "relay/domains/documents.hpp"
#include "tests/unit/domains/site.hpp"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

using domains::Caller;
using domains::test::Site;

namespace {

using Writes = std::vector<spool::DocumentWrite>;

std::string app(std::size_t number) { return "a" + std::to_string(number); }
std::string domain(std::size_t number) { return "d" + std::to_string(number) + ".example"; }

void keep_apps(std::size_t count, Writes& writes) {
  domains::AppDocument document;
  document.app.owner = "operator";
  for (std::size_t i = 0; i < count; ++i)
    writes.push_back({"app", app(i), domains::to_json(document), 0});
}

/// SES signs for them, so that no key needs to be made.
void keep_domains(std::size_t count, Writes& writes) {
  domains::Domain document;
  document.owner = "operator";
  document.signing = policy::SigningMode::ses;
  for (std::size_t i = 0; i < count; ++i) {
    writes.push_back({"domain", domain(i), domains::to_json(document), 0});
    writes.push_back({"verification", domain(i), domains::to_json(domains::Learned{}), 0});
  }
}

void keep_right(std::size_t of_app, std::size_t to_domain, std::uint64_t number, Writes& writes) {
  const domains::Association right{app(of_app), domain(to_domain), number, false};
  writes.push_back({"association", right.app + " " + right.domain, domains::to_json(right), 0});
}

void keep_tokens(std::size_t count, Writes& writes) {
  domains::TokenDocument document;
  document.token.role = Caller::Role::app;
  document.token.app = app(0);
  document.owner = "operator";
  for (std::size_t i = 0; i < count; ++i)
    writes.push_back({"token", std::to_string(i), domains::to_json(document), 0});
}

struct Kept : Site {
  explicit Kept(Writes writes) {
    keep(std::move(writes));
    REQUIRE(open() == "");
  }
  domains::Outcome<domains::Done> remove_app(const std::string& name) {
    return run([&] { return registry->remove_app(name, somebody, {}); });
  }
};

}  // namespace

TEST_SUITE_BEGIN("relay/domains/registry bounds");

TEST_CASE("five thousand domains are added, and no more") {
  Writes writes;
  keep_domains(domains::max_domains - 1, writes);
  Kept site(std::move(writes));
  REQUIRE(site.add_domain("last.example"));
  CHECK(site.catalog()->domains.size() == domains::max_domains);
  CHECK(Site::told(site.add_domain("more.example")) ==
        "invalid: There are 5000 domains, which is the most.");
  REQUIRE(site.remove_domain(domain(0)));
  CHECK(site.add_domain("more.example"));
}

TEST_CASE("two thousand apps are added, and no more") {
  Writes writes;
  keep_apps(domains::max_apps - 1, writes);
  Kept site(std::move(writes));
  REQUIRE(site.add_app("last"));
  CHECK(Site::told(site.add_app("more")) == "invalid: There are 2000 apps, which is the most.");
  REQUIRE(site.remove_app("last"));
  CHECK(site.add_app("more"));
}

TEST_CASE("so many rights of apps to domains are given and no more, whichever way") {
  constexpr std::size_t apps = domains::max_associations / domains::max_associations_of_app;
  Writes writes;
  keep_apps(apps + 1, writes);
  keep_domains(domains::max_associations_of_app, writes);
  for (std::size_t i = 1; i < domains::max_associations; ++i)
    keep_right(i % apps, i / apps, i, writes);
  Kept site(std::move(writes));
  REQUIRE(site.associate(domain(0), app(0)));
  CHECK(site.catalog()->associations.size() == domains::max_associations);
  const std::string refused =
      "invalid: 20000 times an app may send as a domain, which is the most: dissociate some.";
  CHECK(Site::told(site.associate(domain(0), app(apps))) == refused);
  CHECK(Site::told(site.add_domain("more.example", app(apps))) == refused);
  domains::NewApp more;
  more.name = "more";
  more.domains = {domain(0)};
  CHECK(Site::told(site.run([&] { return site.registry->add_app(more, site.somebody); })) ==
        refused);
  REQUIRE(site.dissociate(domain(0), app(0)));
  CHECK(site.associate(domain(0), app(apps)));
}

TEST_CASE("an app goes with as many domains, tokens and a block as it can have") {
  Writes writes;
  keep_apps(1, writes);
  keep_domains(domains::max_associations_of_app, writes);
  for (std::size_t i = 0; i < domains::max_associations_of_app; ++i)
    keep_right(0, i, i + 1, writes);
  keep_tokens(domains::max_tokens, writes);
  Kept site(std::move(writes));
  REQUIRE(site.registry->tokens().size() == domains::max_tokens);
  REQUIRE(site.run(
      [&] { return site.registry->override_app(app(0), Site::block("spam"), site.somebody, {}); }));
  CHECK(site.remove_app(app(0)));
  CHECK(site.catalog()->associations.empty());
  CHECK(site.registry->tokens().empty());
  site.close();
  CHECK(site.documents().starts_with("domain/"));
}

TEST_CASE("a domain goes with both its keys and the rights of all apps that there can be") {
  Writes writes;
  keep_apps(domains::max_apps, writes);
  Kept site(std::move(writes));
  REQUIRE(site.add_domain(domain(0)));
  site.close();
  writes.clear();
  for (std::size_t i = 0; i < domains::max_apps; ++i) keep_right(i, 0, i + 1, writes);
  site.keep(std::move(writes));
  REQUIRE(site.open().empty());
  site.prove(domain(0));
  REQUIRE(site.rotate(domain(0), domains::Registry::Rotation::begin));
  REQUIRE(site.catalog()->of_domain(domain(0)).size() == domains::max_apps);
  CHECK(site.remove_domain(domain(0)));
  CHECK(site.catalog()->associations.empty());
}
