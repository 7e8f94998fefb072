#include "tests/unit/domains/site.hpp"

#include "relay/domains/documents.hpp"

#include <doctest/doctest.h>

using domains::Caller;
using domains::test::Site;

namespace {

struct Opened : Site {
  Opened() { REQUIRE(open().empty()); }
  auto add_token(Caller::Role role, const std::string& app = {}) {
    return run([&] { return registry->add_token(role, app, somebody); });
  }
  auto remove_token(const std::string& id) {
    return run([&] { return registry->remove_token(id, somebody); });
  }
};

}  // namespace

TEST_SUITE_BEGIN("relay/domains/registry tokens");

TEST_CASE("a token says who its bearer is, whole and until it is removed") {
  Opened site;
  REQUIRE(site.add_app("shop"));
  struct Row {
    Caller::Role role;
    std::string app;
  };
  for (const Row& row : {Row{Caller::Role::admin, ""},
                         Row{Caller::Role::read, ""},
                         Row{Caller::Role::app, "shop"}}) {
    CAPTURE(row.app);
    const auto made = site.add_token(row.role, row.app);
    REQUIRE(made);
    CHECK(made->token.id.size() == 8);
    CHECK(made->secret.starts_with(made->token.id + "."));
    CHECK(made->token.made_by == "somebody");
    const auto bearer = site.registry->authenticate(made->secret);
    REQUIRE(bearer);
    CHECK(bearer->role == row.role);
    CHECK(bearer->app == row.app);
    CHECK(bearer->who == "token " + made->token.id);
    const std::string secret = made->secret.substr(9);
    for (const std::string& wrong : {std::string(),
                                     std::string("."),
                                     made->token.id,
                                     made->token.id + ".",
                                     secret,
                                     "." + secret,
                                     "other123." + secret,
                                     made->secret + "x",
                                     made->secret.substr(0, made->secret.size() - 1)}) {
      CAPTURE(wrong);
      CHECK_FALSE(site.registry->authenticate(wrong));
    }
    site.reopen();
    CHECK(site.registry->authenticate(made->secret));
    REQUIRE(site.remove_token(made->token.id));
    CHECK_FALSE(site.registry->authenticate(made->secret));
    CHECK(site.registry->tokens().empty());
    CHECK(Site::told(site.remove_token(made->token.id)) == "absent: There is no such token.");
  }
}

TEST_CASE("a token's secret lies nowhere, and who made it is written down") {
  Opened site;
  REQUIRE(site.add_app("shop"));
  const auto made = site.add_token(Caller::Role::app, "shop");
  REQUIRE(made);
  CHECK(
      site.audit().starts_with("somebody: token add " + made->token.id + " (for the app shop)\n"));
  CHECK(site.audit().find(made->secret.substr(9)) == std::string::npos);
  CHECK(site.told().find(made->secret.substr(9)) == std::string::npos);
}

TEST_CASE("a token is of an app that exists, or of none") {
  Opened site;
  CHECK(Site::told(site.add_token(Caller::Role::app)).starts_with("invalid: A token of an app"));
  CHECK(Site::told(site.add_token(Caller::Role::admin, "shop")).starts_with("invalid: "));
  CHECK(Site::told(site.add_token(Caller::Role::app, "shop")) ==
        "absent: There is no app named shop.");
  CHECK(site.registry->tokens().empty());
}

TEST_CASE("five hundred tokens are made, and no more") {
  Opened site;
  site.close();
  std::vector<spool::DocumentWrite> kept;
  for (int i = 1; i < 500; ++i)
    kept.push_back({"token", std::to_string(i), domains::to_json(domains::TokenDocument{}), 0});
  site.keep(std::move(kept));
  REQUIRE(site.open().empty());
  REQUIRE(site.add_token(Caller::Role::read));
  CHECK(Site::told(site.add_token(Caller::Role::read)) ==
        "invalid: There are 500 tokens: remove some.");
  REQUIRE(site.remove_token("1"));
  CHECK(site.add_token(Caller::Role::read));
}
