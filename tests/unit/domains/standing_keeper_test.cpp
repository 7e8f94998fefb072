#include "relay/app/snapshot.hpp"
#include "relay/app/standing_keeper.hpp"
#include "policy/recipient_verdict.hpp"
#include "tests/unit/domains/site.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <future>
#include <memory>
#include <string>
#include <vector>

using std::chrono::hours;

namespace {

constexpr std::array apps{"blog", "files", "shop"};

/// Three apps over a real store, on a clock that the test moves.
struct Scene : domains::test::Site {
  Scene() {
    for (const char* app : apps) settings.apps.push_back(configured_app(app));
    clock.pass(std::chrono::minutes(10));  // into an hour, which a restriction leaves out
    REQUIRE(open().empty());
    keep();
  }
  /// As a relay does when it starts.
  void keep() {
    keeper = std::make_unique<app::StandingKeeper>(
        app::StandingKeeper::Parts{
            context.get_executor(),
            *store,
            *registry,
            clock,
            metrics,
            [](std::string_view what) { FAIL_CHECK(what); },
            [this](const notices::Alert& alert) { alerts.push_back(alert.sentence); },
            [this] { return steady; }},
        settings.reputation,
        account);
  }
  void restart() {
    keeper.reset();
    reopen();
    keep();
  }
  /// Mail that SES takes now, of which so much comes back at once.
  void mail(const std::string& app, std::uint32_t sent, std::uint32_t bounces) {
    auto job = asked::message(++number);
    job.entry.app = app;
    job.entry.envelope.forward_paths.assign(sent, "user@example.net");
    REQUIRE(asked::accept(*store, job, true) == spool::Accepted::stored);
    REQUIRE(asked::change(
        *store,
        asked::change(job.entry.id, spool::State::sent, policy::EventKind::sent, clock.now())));
    spool::Booking booking;
    std::copy_n(
        reinterpret_cast<const std::uint8_t*>(&number), sizeof number, booking.fingerprint.begin());
    booking.tag = job.entry.id;
    booking.at = booking.sent_at = booking.now = clock.now();
    booking.effect = spool::Effect::bounced;
    booking.type = "Bounce";
    booking.bounce_type = "Permanent";
    booking.bounce_subtype = "General";
    booking.recipients.assign(bounces, {"user@example.net", policy::BounceClass::mailbox, true});
    std::promise<spool::Booked> booked;
    store->book(booking, [&](spool::Booked answer) { booked.set_value(std::move(answer)); });
    REQUIRE(booked.get_future().get().outcome == spool::Booked::Outcome::booked);
  }
  std::string_view look() {
    wait([this] { return keeper->look_at_all(); });
    return policy::word(app("shop")->standing.state());
  }
  /// What an app's sessions say at MAIL, and at DATA to a recipient who is new and to one who is
  /// known.
  [[nodiscard]] std::string verdicts(const std::string& app) const {
    const auto facts = app::make_standings(settings, *catalog(), {}).directory->app(app);
    std::string text;
    const auto say = [&](const policy::Verdict& verdict) {
      text += verdict ? verdict->sentence + '\n' : "accepted\n";
    };
    say(policy::judge_mail(*facts, "site@example.com", 0));
    policy::Envelope envelope;
    envelope.forward_paths = {"user@example.net"};
    for (const bool reached : {false, true}) {
      const std::array known{policy::RecipientFacts{.suppressed = false, .reached = reached}};
      say(policy::judge_recipients(*facts, envelope, known, facts->restricted).refusal);
    }
    return text;
  }

  observe::Metrics metrics{"1.2.3"};
  std::vector<std::string> alerts;
  std::string account;
  bool steady = true;
  std::uint32_t number = 0;
  std::unique_ptr<app::StandingKeeper> keeper;
};

}  // namespace

TEST_SUITE_BEGIN("relay/app/standing keeper");

TEST_CASE("a week of a spammy app: warned, restricted, blocked, on probation and back, alone") {
  Scene site;
  const std::array others{site.verdicts("blog"), site.verdicts("files")};
  std::string states;
  const auto pass = [&](hours time) {
    site.clock.pass(time);
    site.restart();
    site.mail("blog", 500, 5);
    site.mail("files", 60, 2);
    states += std::string(site.look()) + ' ';
    CHECK(site.verdicts("blog") == others[0]);
    CHECK(site.verdicts("files") == others[1]);
  };
  const auto says = [&](std::string_view words) {
    return site.verdicts("shop").find(words) != std::string::npos;
  };
  pass(hours(1));
  site.mail("shop", 1000, 60);
  pass(hours(1));
  CHECK_FALSE(says("bounced or was complained of"));
  site.mail("shop", 1000, 200);
  pass(hours(20));
  CHECK(says("only recipients it reached before get mail, and user@example.net is new"));
  pass(hours(2));
  site.mail("shop", 100, 20);
  pass(hours(2));
  CHECK(says("mail for shop is switched off, for too much of it bounced"));
  pass(hours(24));
  REQUIRE(site.run(
      [&] { return site.registry->release_app("shop", "app release", site.somebody, {}); }));
  pass(hours(2));
  CHECK_FALSE(says("bounced or was complained of"));
  for (int day = 0; day < 4; ++day) {
    site.mail("shop", 150, 1);
    pass(hours(24));
  }
  CHECK(states ==
        "normal warned restricted restricted blocked blocked probation probation probation normal "
        "normal ");
  CHECK(site.stood ==
        "normal > warned, warned > restricted, restricted > blocked, blocked > probation, "
        "probation > normal, ");
}

TEST_CASE("who floods is warned of and restricted within one look") {
  Scene site;
  site.mail("shop", 800, 300);
  CHECK(site.look() == "restricted");
  CHECK(site.stood == "normal > warned, warned > restricted, ");
  CHECK(site.audit().starts_with("reputation: app standing shop (Of the mail of shop, 300 of 800"));
  CHECK(site.look() == "restricted");
}

TEST_CASE("nobody is judged by a clock that has jumped") {
  Scene site;
  site.steady = false;
  site.mail("shop", 800, 300);
  CHECK(site.look() == "normal");
  CHECK(site.alerts.empty());
  site.steady = true;
  CHECK(site.look() == "restricted");
}

TEST_CASE("the operator is told of the account's share once, and of the app that it comes from") {
  Scene site;
  site.mail("blog", 1000, 10);
  site.look();
  CHECK(site.alerts.empty());
  site.mail("shop", 2000, 400);
  site.look();
  REQUIRE(site.alerts.size() == 1);
  CHECK(site.alerts[0].find("Most of the excess is mail of shop") != std::string::npos);
  site.look();
  CHECK(site.alerts.size() == 1);
  site.account = "over";
  site.restart();
  site.look();
  CHECK(site.alerts.size() == 1);
  site.clock.pass(hours(24 * 31));
  site.look();
  REQUIRE(site.alerts.size() == 2);
  CHECK(site.alerts[1].find("well below") != std::string::npos);
}

TEST_CASE("new rules judge from the next look on") {
  Scene site;
  site.mail("shop", 1000, 60);
  CHECK(site.look() == "warned");
  policy::ReputationRules strict;
  strict.windows = {hours(1)};
  strict.bounce_warn = 0.01;
  strict.bounce_block = 0.02;
  site.keeper->rules(strict);
  CHECK(site.look() == "restricted");
}

TEST_SUITE_END();
