#include "relay/domains/verification.hpp"

#include "policy/record_plan.hpp"
#include "tests/unit/domains/scripted_resolver.hpp"
#include "tests/unit/domains/site.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using domains::Verification;
using domains::test::Site;
using namespace std::chrono_literals;

namespace {

/// A site whose domains are looked after.
struct Watched : Site {
  Watched() { REQUIRE(open().empty()); }

  void watch() {
    resolver = std::make_unique<domains::test::ScriptedResolver>(context.get_executor());
    const auto sink = [this](std::string_view what) { thrown.emplace_back(what); };
    examiner = std::make_unique<domains::Examiner>(domains::Examiner::Parts{
        context.get_executor(),
        *resolver,
        sink,
        [this](std::string name) -> net::asio::awaitable<policy::SpfVerdict> {
          if (name == spf_throws_at) throw std::runtime_error("thrown for " + name);
          co_return policy::SpfVerdict{policy::SpfResult::pass, ""};
        },
        nullptr,
        [this](const std::string& domain, const std::string& selector, const std::string& record) {
          return registry->test_key(domain, selector, record);
        },
        "eu-west-1",
        ""});
    verification = std::make_unique<Verification>(
        Verification::Parts{context.get_executor(),
                            *registry,
                            *examiner,
                            clock,
                            sink,
                            [this](const domains::Domain& before, const domains::Domain& after) {
                              looked.emplace_back(before, after);
                            }});
  }
  /// Everything that the domain needs, at the zone's own servers too.
  void publish(const std::string& name, std::uint32_t ttl = 300) {
    const auto records =
        policy::wanted_records(domains::setup_of(*domain(name), "eu-west-1", ""), {});
    resolver->publish(records);
    for (auto& [question, answer] : resolver->answers) {
      answer.ttl = ttl;
      resolver->authorities[question] = {answer};
    }
  }
  [[nodiscard]] std::size_t rounds_of(const std::string& name) const {
    return static_cast<std::size_t>(
        std::ranges::count_if(looked, [&](const auto& one) { return one.second.name == name; }));
  }
  /// Has the loop look twice who is due.
  void look_twice() {
    const int before = clock.asked;
    REQUIRE(becomes([&] { return clock.asked >= before + 2; }));
  }
  /// Domains whose challenge was asked for.
  [[nodiscard]] std::size_t begun() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(catalog()->domains, [this](const auto& one) {
          return resolver->resolved.contains("_postern-challenge." + one.first);
        }));
  }
  bool verify_now(const std::string& name) {
    bool verified = false;
    wait([&]() -> net::asio::awaitable<void> {
      verified = (co_await verification->verify_now(name)).has_value();
    });
    return verified;
  }
  /// Stops, and lets everything that is left on the loop end by itself.
  void stop() {
    verification->stop();
    context.restart();
    context.run();
  }

  std::unique_ptr<domains::test::ScriptedResolver> resolver;
  std::unique_ptr<domains::Examiner> examiner;
  std::unique_ptr<Verification> verification;
  std::vector<std::pair<domains::Domain, domains::Domain>> looked;
  std::vector<std::string> thrown;
  std::string spf_throws_at;
};

}  // namespace

TEST_SUITE_BEGIN("relay/domains/verification");

TEST_CASE("a new domain is looked at at once, and then as often as its state says") {
  Watched site;
  site.watch();
  site.verification->start();
  REQUIRE(site.add_domain("example.com"));
  site.publish("example.com");
  REQUIRE(site.becomes([&] { return site.rounds_of("example.com") == 1; }));
  CHECK(site.looked[0].first.state.status == policy::DomainStatus::pending);
  CHECK(site.looked[0].second.state.status == policy::DomainStatus::verified);
  CHECK(site.domain("example.com")->signer);
  site.clock.pass(53min);  // an hour, less a tenth at most
  site.look_twice();
  CHECK(site.rounds_of("example.com") == 1);
  site.clock.pass(1min);
  REQUIRE(site.becomes([&] { return site.rounds_of("example.com") == 2; }));
  REQUIRE(site.remove_domain("example.com"));
  site.clock.pass(2h);
  site.look_twice();
  CHECK(site.rounds_of("example.com") == 2);
  site.stop();
}

TEST_CASE("a domain that somebody vouches for is not looked at") {
  Watched site;
  site.settings.domains = {Site::configured_domain("example.com")};
  site.settings.domains[0].trusted = true;
  site.reload();
  site.watch();
  site.verification->start();
  site.look_twice();
  CHECK(site.resolver->resolved.empty());
  CHECK_FALSE(site.verify_now("example.com"));
  CHECK_FALSE(site.verify_now("example.net"));
  site.stop();
}

TEST_CASE("a domain of the configuration that is another's is not looked at") {
  Watched site;
  REQUIRE(site.add_app("theirs", "other"));
  REQUIRE(site.add_domain("example.com", "theirs"));
  site.prove("example.com");
  site.settings.domains = {Site::configured_domain("shop.example.com")};
  site.reopen();
  REQUIRE(site.domain("shop.example.com")->contested);
  site.watch();
  site.verification->start();
  site.look_twice();
  CHECK_FALSE(site.resolver->resolved.contains("_postern-challenge.shop.example.com"));
  CHECK_FALSE(site.verify_now("shop.example.com"));
  site.stop();
}

TEST_CASE("no more rounds than eight are under way, and all come to their turn") {
  Watched site;
  std::set<std::string> names;
  for (int i = 0; i < 12; ++i) names.insert("d" + std::to_string(i) + ".example");
  for (const std::string& name : names) REQUIRE(site.add_domain(name));
  site.watch();
  site.resolver->close();
  site.verification->start();
  REQUIRE(site.becomes([&] { return site.begun() == Verification::rounds_at_once; }));
  site.look_twice();
  CHECK(site.begun() == Verification::rounds_at_once);
  site.resolver->open();
  CHECK(site.becomes([&] { return site.looked.size() == names.size(); }));
  site.look_twice();
  for (const std::string& name : names) CHECK(site.rounds_of(name) == 1);
  site.stop();
}

TEST_CASE("a round that is asked for asks the zone's own servers, and puts off the next one") {
  Watched site;
  REQUIRE(site.add_domain("example.com"));
  site.watch();
  site.publish("example.com");
  CHECK(site.verify_now("example.com"));
  CHECK(site.domain("example.com")->state.status == policy::DomainStatus::verified);
  CHECK(site.resolver->asked_further.contains("_postern-challenge.example.com"));
  site.verification->start();
  site.look_twice();
  CHECK(site.rounds_of("example.com") == 1);
  site.stop();
}

TEST_CASE("of rounds that are asked for four are made at once, beside all others") {
  Watched site;
  for (int i = 0; i < 9; ++i) REQUIRE(site.add_domain("d" + std::to_string(i) + ".example"));
  site.watch();
  site.resolver->close();
  site.verification->start();
  REQUIRE(site.becomes([&] { return site.begun() == Verification::rounds_at_once; }));
  std::vector<std::string> ends;
  const auto ask = [&](const std::string& name) {
    net::spawn(
        site.context.get_executor(),
        [&, name]() -> net::asio::awaitable<void> {
          const auto looked = co_await site.verification->verify_now(name);
          ends.push_back(looked ? "looked" : looked.error().sentence());
        },
        [](std::string_view what) { FAIL_CHECK(what); },
        [] {});
  };
  for (std::size_t i = 0; i <= Verification::asked_at_once; ++i) ask("d8.example");
  REQUIRE(site.becomes([&] { return !ends.empty(); }));
  CHECK(ends ==
        std::vector<std::string>{
            "As many domains are being looked at as at once may be: try again in a minute."});
  site.resolver->open();
  REQUIRE(site.becomes([&] { return ends.size() == Verification::asked_at_once + 1; }));
  CHECK(std::ranges::count(ends, "looked") == Verification::asked_at_once);
  CHECK(site.verify_now("d8.example"));
  site.stop();
}

TEST_CASE("the keys of a domain that somebody vouches for come to their next stage with time") {
  using Rotation = domains::Registry::Rotation;
  Watched site;
  site.settings.domains = {Site::configured_domain("example.com")};
  site.settings.domains[0].trusted = true;
  site.reload();
  REQUIRE(site.rotate("example.com", Rotation::begin));
  REQUIRE(site.rotate("example.com", Rotation::published));
  site.watch();
  site.verification->start();
  const auto stage = [&] { return site.domain("example.com")->ring.at(0).stage; };
  site.clock.pass(dkim::default_margin - 1s);
  site.look_twice();
  CHECK(stage() == dkim::KeyStage::retiring);
  site.clock.pass(1s);
  REQUIRE(site.becomes([&] { return stage() == dkim::KeyStage::removable; }));
  REQUIRE(site.rotate("example.com", Rotation::removed));
  site.clock.pass(dkim::max_ttl);
  REQUIRE(site.becomes([&] { return site.domain("example.com")->ring.size() == 1; }));
  CHECK(site.domain("example.com")->signer->selector() == "p2");
  CHECK(site.resolver->resolved.empty());
  site.stop();
}

TEST_CASE("rounds that are under way at the stop end by themselves, and none begins") {
  Watched site;
  for (int i = 0; i < 9; ++i) REQUIRE(site.add_domain("d" + std::to_string(i) + ".example"));
  site.watch();
  site.resolver->close();
  site.verification->start();
  REQUIRE(site.becomes([&] { return site.begun() == Verification::rounds_at_once; }));
  site.verification->stop();
  site.resolver->open();
  site.stop();
  CHECK(site.looked.size() == Verification::rounds_at_once);
  CHECK(site.begun() == Verification::rounds_at_once);
}

TEST_CASE("a round that throws is told of, and tried again when it is due") {
  Watched site;
  REQUIRE(site.add_domain("a.example"));
  REQUIRE(site.add_domain("b.example"));
  site.watch();
  site.publish("a.example");
  site.resolver->throws_at = "_postern-challenge.b.example";
  site.spf_throws_at = "a.example";
  site.verification->start();
  REQUIRE(
      site.becomes([&] { return site.thrown.size() == 2 && site.rounds_of("b.example") == 1; }));
  CHECK(std::set(site.thrown.begin(), site.thrown.end()) ==
        std::set<std::string>{"thrown at _postern-challenge.b.example", "thrown for a.example"});
  site.look_twice();
  CHECK(site.thrown.size() == 2);
  CHECK(site.rounds_of("a.example") == 0);
  site.spf_throws_at.clear();
  site.clock.pass(1min);
  REQUIRE(site.becomes([&] { return site.rounds_of("a.example") == 1; }));
  CHECK(site.domain("a.example")->state.status == policy::DomainStatus::verified);
  site.stop();
}

TEST_CASE("after a start the domains that may send are looked at one after the other") {
  Watched site;
  REQUIRE(site.add_domain("good.example"));
  REQUIRE(site.add_domain("new.example"));
  site.prove("good.example");
  site.clock.chance = 20'000;  // of the 30 s over which they are spread, in milliseconds
  site.watch();
  site.verification->start();
  REQUIRE(site.becomes([&] { return site.rounds_of("new.example") == 1; }));
  site.look_twice();
  CHECK(site.rounds_of("good.example") == 0);
  site.clock.pass(20s);
  CHECK(site.becomes([&] { return site.rounds_of("good.example") == 1; }));
  site.stop();
}

TEST_CASE("a key whose time has come is not kept waiting for the domain's next round") {
  Watched site;
  REQUIRE(site.add_domain("example.com"));
  site.watch();
  site.publish("example.com", 60);
  CHECK(site.verify_now("example.com"));
  REQUIRE(site.rotate("example.com", domains::Registry::Rotation::begin));
  site.publish("example.com", 60);
  CHECK(site.verify_now("example.com"));
  CHECK(site.domain("example.com")->signer->selector() == "p1");
  site.verification->start();
  site.clock.pass(59s);
  site.look_twice();
  CHECK(site.domain("example.com")->signer->selector() == "p1");
  site.clock.pass(1s);
  CHECK(site.becomes([&] { return site.domain("example.com")->signer->selector() == "p2"; }));
  site.stop();
}
