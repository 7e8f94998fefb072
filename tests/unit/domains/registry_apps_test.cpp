#include "tests/unit/domains/site.hpp"

#include "relay/domains/turn.hpp"
#include "relay/net/directory.hpp"

#include <doctest/doctest.h>

#include <map>
#include <set>

using domains::Caller;
using domains::NewApp;
using domains::test::Site;

namespace {

struct Opened : Site {
  explicit Opened(std::vector<config::App> configured = {}) {
    settings.apps = std::move(configured);
    settings.upstreams = {{.name = "first"}, {.name = "second"}};
    REQUIRE(open().empty());
  }
  bool lets_in(const std::string& app, const std::string& password) const {
    const auto now = catalog();
    const auto found = now->credentials.find(app);
    if (found == now->credentials.end()) return false;
    const auto credential = net::Credential::parse(found->second);
    return credential && credential->matches(password);
  }
  auto rotate_password(const std::string& app, domains::Expected expected = {}) {
    return run([&] { return registry->rotate_password(app, somebody, expected); });
  }
  auto block(const std::string& app, const std::string& why, domains::Expected expected = {}) {
    return run([&] { return registry->override_app(app, Site::block(why), somebody, expected); });
  }
  auto unblock(const std::string& app, domains::Expected expected = {}) {
    return run([&] { return registry->release_app(app, "app unblock", somebody, expected); });
  }
  auto remove(const std::string& app, domains::Expected expected = {}) {
    return run([&] { return registry->remove_app(app, somebody, expected); });
  }
};

}  // namespace

TEST_SUITE_BEGIN("relay/domains/registry apps");

TEST_CASE("a new app has a password that lets it in, and no other does") {
  Opened site;
  const auto added = site.add_app("shop");
  REQUIRE(added);
  CHECK(added->app == "shop");
  CHECK(added->password.size() >= 43);
  CHECK(site.lets_in("shop", added->password));
  CHECK_FALSE(site.lets_in("shop", added->password + "x"));
  CHECK_FALSE(site.lets_in("shop", ""));
  CHECK(site.app("shop")->owner == "operator");
  CHECK(site.app("shop")->has_password);
  CHECK(site.app("shop")->added_at == asked::noon);
  CHECK(site.changes == 1);
  CHECK(site.audit() ==
        "somebody: app add shop (owner operator)\n"
        "configuration: provision  (the master key's id)\n");
}

TEST_CASE("an app that cannot be is refused with what to write instead") {
  Opened site;
  REQUIRE(site.add_app("shop"));
  REQUIRE(site.add_domain("example.com", "shop"));
  const std::string before = site.told();
  struct Row {
    NewApp app;
    std::string refused;
  };
  const auto named = [](const std::string& name, auto change) {
    NewApp app;
    app.name = name;
    change(app);
    return app;
  };
  const auto nothing = [](NewApp&) {};
  const std::string name_rule = "invalid: An app's name is 1 to 63 of a-z, 0-9 and `-`";
  const std::vector<Row> rows{
      {named("shop", nothing), "conflict: There is an app named shop."},
      {named("", nothing), name_rule},
      {named("Shop", nothing), name_rule},
      {named("-shop", nothing), name_rule},
      {named("a b", nothing), name_rule},
      {named(std::string(64, 'a'), nothing), name_rule},
      {named("blog", [](NewApp& app) { app.owner = "no body"; }), "invalid: An owner's name"},
      {named("blog", [](NewApp& app) { app.contact = "nobody"; }), "invalid: nobody is no mail"},
      {named("blog", [](NewApp& app) { app.weight = 0; }), "invalid: A weight is a number from"},
      {named("blog", [](NewApp& app) { app.weight = 1001; }), "invalid: A weight is a number from"},
      {named("blog", [](NewApp& app) { app.upstream = "third"; }),
       "invalid: There is no upstream named third: the configuration has first, second."},
      {named("blog", [](NewApp& app) { app.configuration_set = "a b"; }), "invalid: A config"},
      {named("blog", [](NewApp& app) { app.domains = {"example.net"}; }),
       "absent: operator has no domain example.net: `postern domain add example.net` first."},
      {named("blog",
             [](NewApp& app) {
               app.owner = "other";
               app.domains = {"example.com"};
             }),
       "absent: other has no domain example.com"},
      {named("blog",
             [](NewApp& app) {
               for (std::size_t i = 0; i <= domains::max_associations_of_app; ++i)
                 app.domains.push_back("d" + std::to_string(i) + ".example");
             }),
       "invalid: An app has 500 domains at most."},
  };
  for (const Row& row : rows) {
    CAPTURE(row.refused);
    const auto outcome = site.run([&] { return site.registry->add_app(row.app, site.somebody); });
    CHECK(Site::told(outcome).starts_with(row.refused));
  }
  CHECK(site.told() == before);
}

TEST_CASE("the longest name, the most weight and any owner are taken") {
  Opened site;
  NewApp app;
  app.name = std::string(63, 'a');
  app.owner = std::string(63, 'o');
  app.weight = 1000;
  app.contact = "web@example.com";
  app.configuration_set = "set_1";
  app.upstream = "second";
  app.limits.message_size = 1000;
  app.limits.queued_messages = 5;
  REQUIRE(site.run([&] { return site.registry->add_app(app, site.somebody); }));
  site.reopen();
  const auto kept = site.app(app.name);
  REQUIRE(kept);
  CHECK(kept->owner == app.owner);
  CHECK(kept->weight == 1000);
  CHECK(kept->contact == app.contact);
  CHECK(kept->configuration_set == app.configuration_set);
  CHECK(kept->upstream == "second");
  CHECK(kept->limits.message_size == 1000);
  CHECK(kept->limits.queued_messages == 5);
  CHECK_FALSE(kept->limits.queued_bytes);
}

TEST_CASE("a new app serves the domains that it names, each once") {
  Opened site;
  REQUIRE(site.add_domain("example.com"));
  REQUIRE(site.add_domain("example.net"));
  NewApp app;
  app.name = "shop";
  app.domains = {"Example.COM", "example.net", "example.com"};
  const auto added = site.run([&] { return site.registry->add_app(app, site.somebody); });
  CHECK(Site::told(added) == "done");
  const auto serves = site.catalog()->of_app("shop");
  REQUIRE(serves.size() == 2);
  CHECK(serves[0].domain == "example.com");
  CHECK(serves[1].domain == "example.net");
  CHECK(serves[0].number != serves[1].number);
}

TEST_CASE("a new password ends the old one") {
  Opened site;
  const auto first = site.add_app("shop");
  const auto second = site.rotate_password("shop");
  REQUIRE(second);
  CHECK(site.lets_in("shop", second->password));
  CHECK_FALSE(site.lets_in("shop", first->password));
  site.reopen();
  CHECK(site.lets_in("shop", second->password));
  CHECK(Site::told(site.rotate_password("blog")) == "absent: There is no app named blog.");
  CHECK(site.audit().starts_with("somebody: app rotate-password shop (a new password)\n"));
}

TEST_CASE("a blocked app says why until it is blocked no more") {
  Opened site;
  REQUIRE(site.add_app("shop"));
  REQUIRE(site.block("shop", "spam"));
  CHECK(site.app("shop")->standing.blocked());
  CHECK(site.app("shop")->standing.why() == "spam");
  site.reopen();
  CHECK(site.app("shop")->standing.blocked());
  REQUIRE(site.unblock("shop"));
  CHECK_FALSE(site.app("shop")->standing.blocked());
  CHECK(site.app("shop")->standing.state() == policy::StandingState::probation);
  CHECK(Site::told(site.block("blog", "")) == "absent: There is no app named blog.");
  CHECK(site.block("shop", std::string(500, 'x')));
  CHECK(Site::told(site.block("shop", std::string(501, 'x'))).starts_with("invalid: Give a"));
}

TEST_CASE("what the operator decides of an app ends at its time, and is written down") {
  Opened site;
  REQUIRE(site.add_app("shop"));
  const auto look = [&](const std::vector<policy::Counts>& windows) {
    const auto step = [=](policy::Standing found, domains::WallTime now) {
      return policy::after_look(std::move(found), "shop", {}, windows, now, true);
    };
    return site.run([&] {
      return site.registry->change_standing("shop", step, "app standing", site.somebody, {});
    });
  };
  const std::vector<policy::Counts> nothing(2);
  const domains::NewOverride restricted{
      policy::StandingState::restricted, std::chrono::hours(12), "a list was bought"};
  REQUIRE(
      site.run([&] { return site.registry->override_app("shop", restricted, site.somebody, {}); }));
  CHECK(site.audit().starts_with("somebody: app override shop (a list was bought)\n"));
  const int before = site.changes;
  REQUIRE(look(nothing));
  CHECK(site.changes == before);
  site.reopen();
  CHECK(site.app("shop")->standing.state() == policy::StandingState::restricted);
  site.clock.pass(std::chrono::hours(12));
  CHECK(site.app("shop")->standing.state() == policy::StandingState::restricted);
  REQUIRE(look(nothing));
  CHECK(site.app("shop")->standing.state() == policy::StandingState::probation);
  CHECK(site.audit().starts_with("somebody: app standing shop (shop may mail all recipients"));
  CHECK(site.stood == "normal > restricted, normal > probation, ");
}

TEST_CASE("each step of an app's standing is kept over a restart, whole") {
  using enum policy::StandingState;
  Opened site;
  REQUIRE(site.add_app("shop"));
  const std::vector<policy::Counts> bad{{1000, 400, 0}, {1000, 400, 0}};
  for (const auto expected : {warned, restricted, blocked}) {
    const auto step = [&](policy::Standing found, domains::WallTime now) {
      return policy::after_look(std::move(found), "shop", {}, bad, now, true);
    };
    REQUIRE(site.run([&] {
      return site.registry->change_standing("shop", step, "app standing", site.somebody, {});
    }));
    CHECK(site.app("shop")->standing.state() == expected);
    const domains::Standing standing = site.app("shop")->standing;
    site.reopen();
    CHECK(site.app("shop")->standing == standing);
    site.clock.pass(std::chrono::hours(1));
  }
  CHECK(site.app("shop")->standing.why().starts_with("Of the mail of shop, 400 of 1000"));
}

TEST_CASE("an app of the configuration can be blocked, all else of it is changed in its file") {
  Opened site({Site::configured_app("shop")});
  CHECK(site.lets_in("shop", "the password of shop"));
  CHECK(site.app("shop")->provisioned);
  REQUIRE(site.block("shop", "spam"));
  CHECK(site.app("shop")->standing.blocked());
  site.reopen();
  CHECK(site.app("shop")->standing.blocked());
  const std::string in_file =
      "read_only: The app shop stands in the configuration file: change it there.";
  CHECK(Site::told(site.rotate_password("shop")) == in_file);
  CHECK(Site::told(site.remove("shop")) == in_file);
  CHECK(Site::told(site.add_app("shop")) == "conflict: There is an app named shop.");
}

TEST_CASE("an app that is removed takes its associations, its standing and its tokens along") {
  Opened site;
  REQUIRE(site.add_app("blog"));
  REQUIRE(site.add_app("shop"));
  REQUIRE(site.add_domain("example.com", "shop"));
  REQUIRE(site.associate("example.com", "blog"));
  REQUIRE(site.block("shop", "spam"));
  const auto add_token = [&](Caller::Role role, const std::string& app) {
    return site.run([&] { return site.registry->add_token(role, app, site.somebody); });
  };
  const auto of_shop = add_token(Caller::Role::app, "shop");
  const auto of_blog = add_token(Caller::Role::app, "blog");
  REQUIRE(of_shop);
  REQUIRE(of_blog);
  REQUIRE(site.remove("shop"));
  CHECK_FALSE(site.app("shop"));
  CHECK(site.catalog()->credentials.size() == 1);
  CHECK(site.catalog()->of_app("shop").empty());
  CHECK(site.catalog()->of_domain("example.com").size() == 1);
  CHECK_FALSE(site.registry->authenticate(of_shop->secret));
  CHECK(site.registry->authenticate(of_blog->secret));
  CHECK(Site::told(site.remove("shop")) == "absent: There is no app named shop.");
  REQUIRE(site.add_app("shop"));
  CHECK_FALSE(site.app("shop")->standing.blocked());
  REQUIRE(site.remove("shop"));
  site.close();
  CHECK(site.documents().find("shop") == std::string::npos);
}

TEST_CASE("a change of an app needs the version that was shown") {
  Opened site;
  REQUIRE(site.add_app("shop"));
  const auto version = [&] { return site.app("shop")->version; };
  const std::string changed = "conflict: It has changed meanwhile: look again.";
  const auto all_refused = [&](std::uint64_t expected) {
    const std::string before = site.told();
    CHECK(Site::told(site.rotate_password("shop", expected)) == changed);
    CHECK(Site::told(site.block("shop", "spam", expected)) == changed);
    CHECK(Site::told(site.unblock("shop", expected)) == changed);
    CHECK(Site::told(site.remove("shop", expected)) == changed);
    CHECK(site.told() == before);
  };
  all_refused(version() + 1);
  for (int step = 0; step < 3; ++step) {
    CAPTURE(step);
    const auto before = version();
    REQUIRE((step == 0   ? Site::told(site.rotate_password("shop", before))
             : step == 1 ? Site::told(site.block("shop", "spam", before))
                         : Site::told(site.unblock("shop", before))) == "done");
    CHECK(version() > before);
    all_refused(before);
  }
  CHECK(site.remove("shop", version()));
}

TEST_CASE("twenty changes at once are all made, and the store holds what the catalog says") {
  Opened site;
  REQUIRE(site.add_domain("example.com"));
  std::vector<std::string> ends;
  const auto end = [&](const auto& outcome) { ends.push_back(Site::told(outcome)); };
  for (int i = 0; i < 5; ++i) {
    const std::string app = "app" + std::to_string(i);
    const auto begin = [&](auto start) {
      net::spawn(
          site.context.get_executor(),
          [start, &end]() -> net::asio::awaitable<void> { end(co_await start()); },
          [](std::string_view what) { FAIL_CHECK(what); },
          [] {});
    };
    begin([&site, app] {
      NewApp given;
      given.name = app;
      return site.registry->add_app(given, site.somebody);
    });
    begin([&site, app] { return site.registry->associate("example.com", app, site.somebody); });
    begin([&site, app] {
      return site.registry->override_app(app, Site::block("busy"), site.somebody, {});
    });
    begin([&site, app] { return site.registry->rotate_password(app, site.somebody, {}); });
  }
  REQUIRE(site.becomes([&] { return ends.size() == 20; }));
  CHECK(ends == std::vector<std::string>(20, "done"));
  CHECK(site.catalog()->apps.size() == 5);
  std::set<std::uint64_t> numbers;
  for (const auto& one : site.catalog()->associations) numbers.insert(one.number);
  CHECK(numbers == std::set<std::uint64_t>{1, 2, 3, 4, 5});
  const std::string told = site.told();
  site.reopen();
  CHECK(site.told() == told);
}

TEST_CASE("of more changes at once than may wait, the last are refused and the others made") {
  Opened site;
  constexpr std::size_t all = domains::Turn::most_waiting + 3;
  std::map<std::string, int> ends;
  std::size_t ended = 0;
  for (std::size_t i = 0; i < all; ++i)
    net::spawn(
        site.context.get_executor(),
        [&, i]() -> net::asio::awaitable<void> {
          NewApp app;
          app.name = "app" + std::to_string(i);
          ++ends[Site::told(co_await site.registry->add_app(app, site.somebody))];
        },
        [](std::string_view what) { FAIL_CHECK(what); },
        [&] { ++ended; });
  REQUIRE(site.becomes([&] { return ended == all; }));
  CHECK(ends["done"] == static_cast<int>(domains::Turn::most_waiting) + 1);
  CHECK(ends["failed: Too many changes wait already: try again."] == 2);
}

TEST_CASE("what the store does not take is not so") {
  Opened site;
  REQUIRE(site.add_app("shop"));
  REQUIRE(site.add_domain("example.com"));
  const std::string before = site.told();
  const int changes = site.changes;
  site.store->close();
  const std::string failed = "failed: The store did not take the change: look at its disk";
  CHECK(Site::told(site.add_app("blog")).starts_with(failed));
  CHECK(Site::told(site.rotate_password("shop")).starts_with(failed));
  CHECK(Site::told(site.block("shop", "spam")).starts_with(failed));
  CHECK(Site::told(site.remove("shop")).starts_with(failed));
  CHECK(Site::told(site.add_domain("example.net")).starts_with(failed));
  CHECK(Site::told(site.associate("example.com", "shop")).starts_with(failed));
  CHECK(site.told() == before);
  CHECK(site.changes == changes);
}

TEST_CASE("a registry may go while changes wait for their turn") {
  Opened site;
  int ended = 0;
  for (int i = 0; i < 3; ++i)
    net::spawn(
        site.context.get_executor(),
        [&, i]() -> net::asio::awaitable<void> {
          NewApp app;
          app.name = "app" + std::to_string(i);
          co_await site.registry->add_app(app, site.somebody);
        },
        [](std::string_view) {},
        [&] { ++ended; });
  site.context.poll();
  site.close();  // and the loop, with what waits on it, goes later
  CHECK(ended == 0);
}
