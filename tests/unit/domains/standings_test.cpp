#include "relay/app/snapshot.hpp"
#include "tests/unit/delivery/scripted_upstream.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using domains::App;
using domains::Association;
using domains::Domain;
using policy::CheckResult;
using policy::DomainCheck;
using policy::DomainStatus;
using policy::Reason;

namespace {

App app_named(const std::string& name, const std::string& owner = "operator") {
  App app;
  app.name = name;
  app.owner = owner;
  return app;
}

Domain domain_named(const std::string& name,
                    DomainStatus status,
                    const std::string& owner = "operator") {
  Domain domain;
  domain.name = name;
  domain.owner = owner;
  domain.state.status = status;
  domain.state.proved = policy::may_send(status);
  return domain;
}

struct Made {
  domains::Catalog catalog;
  config::Config settings;
  void add(App app) {
    std::string name = app.name;
    catalog.apps[name] = std::make_shared<const App>(std::move(app));
  }
  void add(Domain domain) {
    std::string name = domain.name;
    catalog.domains[name] = std::make_shared<const Domain>(std::move(domain));
  }
  [[nodiscard]] app::Standings standings() const {
    return app::make_standings(settings, catalog, {});
  }
  /// The domain as sessions of the app see it.
  [[nodiscard]] policy::SenderDomain sender(const std::string& app) const {
    return standings().directory->app(app)->domains.at(0);
  }
};

}  // namespace

TEST_SUITE_BEGIN("relay/app/snapshot");

TEST_CASE("an app's session knows its domains by right, state and trouble") {
  Made made;
  made.add(app_named("shop"));
  made.add(app_named("blog"));
  Domain domain = domain_named("example.com", DomainStatus::revoked);
  domain.subdomains = true;
  domain.trouble = "publish the key";
  domain.dmarc["example.com"].known = true;
  made.add(domain);
  made.catalog.associations = {{"shop", "example.com", 7, false}};
  made.settings.duplicates_window = std::chrono::seconds(60);
  const auto directory = made.standings().directory;
  CHECK(directory->duplicates_window == std::chrono::seconds(60));
  CHECK(directory->app("blog")->domains.empty());
  REQUIRE(directory->app("shop")->domains.size() == 1);
  const policy::SenderDomain sender = made.sender("shop");
  CHECK(sender.name == "example.com");
  CHECK(sender.signing_domain == "example.com");
  CHECK(sender.subdomains);
  CHECK(sender.status == DomainStatus::revoked);
  CHECK(sender.trouble == "publish the key");
  CHECK(sender.association == 7);
  CHECK(sender.dmarc.at("example.com").known);
  CHECK(sender.foreign.empty());
}

TEST_CASE("names that another owner proved are not covered by the domain above them") {
  Made made;
  made.add(app_named("shop"));
  Domain above = domain_named("example.com", DomainStatus::verified);
  above.subdomains = true;
  made.add(above);
  made.add(domain_named("own.example.com", DomainStatus::verified));
  made.add(domain_named("proved.example.com", DomainStatus::verified, "other"));
  made.add(domain_named("pending.example.com", DomainStatus::pending, "other"));
  made.add(domain_named("notexample.com", DomainStatus::verified, "other"));
  Domain revoked = domain_named("revoked.example.com", DomainStatus::revoked, "other");
  revoked.state.proved = true;
  made.add(revoked);
  Domain trusted = domain_named("a.trusted.example.com", DomainStatus::pending, "other");
  trusted.trusted = true;
  made.add(trusted);
  Domain contested = domain_named("b.trusted.example.com", DomainStatus::failed, "other");
  contested.trusted = contested.contested = true;
  made.add(contested);
  made.catalog.associations = {{"shop", "example.com", 1, false}};
  CHECK(made.sender("shop").foreign == std::vector<std::string>{"a.trusted.example.com",
                                                                "proved.example.com",
                                                                "revoked.example.com"});
  above.subdomains = false;
  made.add(above);
  CHECK(made.sender("shop").foreign.empty());
}

TEST_CASE("the MAIL FROM domain counts for SPF until its records were seen to be wrong") {
  using enum CheckResult;
  for (const CheckResult last : {unknown, good, bad, silent}) {
    CAPTURE(static_cast<int>(last));
    Made made;
    made.add(app_named("shop"));
    Domain domain = domain_named("example.com", DomainStatus::verified);
    domain.mail_from = "bounce.example.com";
    domain.state.checks.at(static_cast<std::size_t>(DomainCheck::mail_from)).last = last;
    made.add(domain);
    made.catalog.associations = {{"shop", "example.com", 1, false}};
    CHECK(made.sender("shop").spf_domain == (last == bad ? "" : "bounce.example.com"));
  }
}

TEST_CASE("passwords, limits, routes and reports follow from the catalog's apps") {
  Made made;
  App shop = app_named("shop");
  shop.contact = "web@example.com";
  shop.weight = 3;
  shop.upstream = "second";
  shop.configuration_set = "of-shop";
  shop.limits.message_size = 1000;
  shop.urgent_paths = {"/reset"};
  shop.environment = policy::Environment::sandbox;
  made.add(shop);
  App blog = app_named("blog");
  blog.standing.record.by_hand = {.state = policy::StandingState::blocked,
                                  .since = {},
                                  .until = std::nullopt,
                                  .reason = "spam"};
  made.add(blog);
  App list = app_named("list");
  list.standing.record.by_hand = {.state = policy::StandingState::restricted,
                                  .since = {},
                                  .until = policy::WallTime(std::chrono::hours(1)),
                                  .reason = "bought"};
  made.add(list);
  made.catalog.credentials = {{"shop", net::Credential("the password", {}).text()},
                              {"blog", "nothing that can be read"}};
  made.settings.upstreams.resize(2);
  made.settings.upstreams[1].name = "second";
  const app::Standings standings = made.standings();
  const auto in = standings.directory->authenticate("shop", "the password");
  REQUIRE(in);
  CHECK(in->limits.message_size == 1000);
  CHECK(in->environment == policy::Environment::sandbox);
  CHECK(in->urgent_paths == std::vector<std::string>{"/reset"});
  CHECK_FALSE(in->blocked);
  CHECK_FALSE(standings.directory->authenticate("shop", "another"));
  CHECK_FALSE(standings.directory->credentials.contains("blog"));
  CHECK(standings.directory->app("blog")->blocked);
  CHECK_FALSE(standings.directory->app("blog")->restricted);
  CHECK(standings.directory->app("blog")->standing_why == "spam");
  CHECK(standings.directory->app("list")->restricted);
  CHECK_FALSE(standings.directory->app("list")->blocked);
  CHECK(standings.directory->app("list")->standing_until ==
        policy::WallTime(std::chrono::hours(1)));
  CHECK_FALSE(in->restricted);
  CHECK(in->standing_why.empty());
  CHECK(standings.keyring->restricted == std::set<std::string, std::less<>>{"list"});
  CHECK(standings.keyring->blocked == std::set<std::string, std::less<>>{"blog"});
  CHECK(standings.keyring->configuration_sets.at("shop") == "of-shop");
  CHECK(standings.keyring->configuration_sets.size() == 1);
  CHECK(standings.report_addresses->contacts.at("shop") == "web@example.com");
  CHECK(standings.report_addresses->contacts.size() == 1);
  CHECK(standings.apportionment.weights.at("shop") == 3);
  CHECK(standings.apportionment.weights.at("blog") == 1);
  CHECK(standings.apportionment.routes.at("shop") == 1);
  CHECK_FALSE(standings.apportionment.routes.contains("blog"));
  CHECK(standings.apportionment.apps == std::vector<std::string>{"blog", "list", "shop"});
}

TEST_CASE("mail waits while its app, its right, its domain or its key stands against it") {
  dkim::Library library;
  const auto signer = std::make_shared<const dkim::Signer>(delivery::test::signer(library));
  Made made;
  App blocked = app_named("blocked");
  blocked.standing.record.state = policy::StandingState::blocked;
  made.add(blocked);
  made.add(app_named("shop"));
  const auto add = [&](const std::string& name, DomainStatus status, bool with_key) {
    Domain domain = domain_named(name, status);
    if (with_key) domain.signer = signer;
    domain.unsigned_why = with_key ? "" : "publish the key";
    made.add(domain);
  };
  add("good.example", DomainStatus::verified, true);
  add("warned.example", DomainStatus::warning, true);
  add("new.example", DomainStatus::pending, true);
  add("revoked.example", DomainStatus::revoked, true);
  add("failed.example", DomainStatus::failed, true);
  add("keyless.example", DomainStatus::verified, false);
  add("lost.example", DomainStatus::revoked, false);
  Domain at_ses = domain_named("ses.example", DomainStatus::verified);
  at_ses.signing = policy::SigningMode::ses;
  made.add(at_ses);
  made.catalog.associations = {{"blocked", "good.example", 1, false},
                               {"shop", "good.example", 2, false}};
  const auto keyring = made.standings().keyring;
  struct Row {
    std::string app, domain;
    std::uint64_t association;
    std::optional<Reason> reason;
  };
  const std::vector<Row> rows{
      {"shop", "good.example", 2, std::nullopt},
      {"shop", "good.example", 0, std::nullopt},
      {"shop", "good.example", 3, Reason::domain},
      {"", "good.example", 0, std::nullopt},
      {"shop", "warned.example", 0, std::nullopt},
      {"shop", "ses.example", 0, std::nullopt},
      {"shop", "new.example", 0, Reason::domain},
      {"shop", "revoked.example", 0, Reason::domain},
      {"shop", "failed.example", 0, Reason::domain},
      {"shop", "none.example", 0, Reason::domain},
      {"shop", "keyless.example", 0, Reason::signing},
      {"shop", "lost.example", 0, Reason::domain},
      {"shop", "keyless.example", 3, Reason::domain},
      {"blocked", "good.example", 1, Reason::blocked},
      {"blocked", "lost.example", 0, Reason::blocked},
      {"blocked", "none.example", 3, Reason::blocked},
  };
  for (const Row& row : rows) {
    CAPTURE(row.app);
    CAPTURE(row.domain);
    CAPTURE(row.association);
    CHECK(keyring->standing(row.app, row.domain, row.association) == row.reason);
  }
  CHECK(keyring->domains.at("keyless.example").unsigned_why == "publish the key");
}
