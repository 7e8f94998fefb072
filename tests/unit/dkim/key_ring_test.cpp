#include "dkim/key_ring.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace std::chrono_literals;
using dkim::KeyStage;
using dkim::Seen;
using dkim::Time;

constexpr Time start = Time(std::chrono::sys_days(std::chrono::year(2026) / 11 / 22));

dkim::Observation servers(Seen seen, std::chrono::seconds ttl = 1h) {
  return {seen, true, true, ttl};
}
dkim::Observation resolver(Seen seen) { return {seen, false, false, 1h}; }

dkim::KeyState key(std::string selector, KeyStage stage) {
  dkim::KeyState key;
  key.selector = std::move(selector);
  key.id = "id-" + key.selector;
  key.stage = stage;
  key.made = start;
  key.since = start;
  key.confirmed = stage != KeyStage::fresh;
  if (stage != KeyStage::fresh) key.ttl = 1h;
  return key;
}

/// The selector that signs, or the reason for none.
std::string signer(const dkim::KeyRing& ring) {
  const auto index = dkim::signing_key(ring);
  return index ? ring[*index].selector : index.error().sentence();
}

/// "p1 active, p2 fresh"
std::string stages(const dkim::KeyRing& ring) {
  std::string text;
  for (const dkim::KeyState& each : ring) {
    text += (text.empty() ? "" : ", ") + each.selector + " " + std::string(word(each.stage));
  }
  return text;
}

struct Look {
  std::chrono::minutes after;  ///< the start
  dkim::Observation observation;
};

}  // namespace

TEST_SUITE_BEGIN("dkim/key_ring");

TEST_CASE("only contradictions by authoritative servers, five minutes apart, stop a key") {
  struct Row {
    std::string_view name;
    std::vector<Look> looks;
    bool signs;
  };
  static const Row rows[] = {
      {"none", {}, true},
      {"one", {{0min, servers(Seen::absent)}}, true},
      {"two at once", {{0min, servers(Seen::absent)}, {4min, servers(Seen::absent)}}, true},
      {"two five minutes apart",
       {{0min, servers(Seen::absent)}, {5min, servers(Seen::absent)}},
       false},
      {"of different kinds", {{0min, servers(Seen::other)}, {9min, servers(Seen::revoked)}}, false},
      {"many within five minutes",
       {{0min, servers(Seen::absent)},
        {2min, servers(Seen::absent)},
        {4min, servers(Seen::absent)}},
       true},
      {"a third one makes the distance",
       {{0min, servers(Seen::absent)},
        {4min, servers(Seen::absent)},
        {6min, servers(Seen::absent)}},
       false},
      {"by the resolver", {{0min, resolver(Seen::absent)}, {9min, resolver(Seen::absent)}}, true},
      {"failures for days",
       {{0min, servers(Seen::unknown)},
        {24h, servers(Seen::unknown)},
        {240h, servers(Seen::unknown)}},
       true},
      {"failures between do not forgive",
       {{0min, servers(Seen::absent)},
        {5min, servers(Seen::unknown)},
        {9min, servers(Seen::absent)}},
       false},
      {"servers that differ", {{0min, servers(Seen::mixed)}, {60min, servers(Seen::mixed)}}, true},
      {"a confirmation between forgives",
       {{0min, servers(Seen::absent)}, {5min, servers(Seen::same)}, {9min, servers(Seen::absent)}},
       true},
      {"the resolver's cache does not forgive",
       {{0min, servers(Seen::absent)}, {5min, resolver(Seen::same)}, {9min, servers(Seen::absent)}},
       false},
      {"a cache that can hold nothing older forgives",
       {{0min, servers(Seen::absent)},
        {65min, resolver(Seen::same)},
        {90min, servers(Seen::absent)}},
       true},
      {"back at once",
       {{0min, servers(Seen::absent)}, {5min, servers(Seen::absent)}, {6min, servers(Seen::same)}},
       true},
      {"servers that differ do not put it back",
       {{0min, servers(Seen::absent)}, {5min, servers(Seen::absent)}, {6min, servers(Seen::mixed)}},
       false},
      {"nor does the cache",
       {{0min, servers(Seen::absent)},
        {5min, servers(Seen::absent)},
        {69min, resolver(Seen::same)}},
       false},
      {"until its TTL is over",
       {{0min, servers(Seen::absent)},
        {5min, servers(Seen::absent)},
        {70min, resolver(Seen::same)}},
       true},
      {"a clock set back starts anew",
       {{60min, servers(Seen::absent)},
        {0min, servers(Seen::absent)},
        {4min, servers(Seen::absent)}},
       true},
      {"and ends",
       {{60min, servers(Seen::absent)},
        {0min, servers(Seen::absent)},
        {5min, servers(Seen::absent)}},
       false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    auto state = key("p1", KeyStage::active);
    for (const Look& look : row.looks) {
      state = dkim::observe(state, look.observation, start + look.after);
    }
    CHECK(dkim::is_confirmed(state) == row.signs);
    CHECK((signer({state}) == "p1") == row.signs);
  }
}

TEST_CASE("a record whose key verifies nothing of ours contradicts it, whatever is wrong with it") {
  CHECK(dkim::seen(dkim::KeyMatch::same) == Seen::same);
  CHECK(dkim::seen(dkim::KeyMatch::barred) == Seen::other);
  CHECK(dkim::seen(dkim::KeyMatch::other_key) == Seen::other);
  CHECK(dkim::seen(dkim::KeyMatch::revoked) == Seen::revoked);
  CHECK(dkim::seen(dkim::KeyMatch::unreadable) == Seen::absent);
}

TEST_CASE("what the authoritative servers say together") {
  struct Row {
    std::vector<Seen> looks;
    Seen seen;
    bool complete;
  };
  static const Row rows[] = {
      {{}, Seen::unknown, false},
      {{Seen::unknown, Seen::unknown}, Seen::unknown, false},
      {{Seen::same, Seen::same}, Seen::same, true},
      {{Seen::same, Seen::unknown}, Seen::same, false},
      {{Seen::unknown, Seen::absent}, Seen::absent, false},
      {{Seen::absent, Seen::other}, Seen::absent, true},
      {{Seen::same, Seen::absent}, Seen::mixed, true},
      {{Seen::revoked, Seen::same, Seen::unknown}, Seen::mixed, false},
      {{Seen::absent, Seen::same, Seen::absent}, Seen::mixed, true},
  };
  for (const Row& row : rows) {
    CAPTURE(row.looks.size());
    const auto together = dkim::at_authorities(row.looks, 5min);
    CHECK(together.seen == row.seen);
    CHECK(together.complete == row.complete);
    CHECK(together.authoritative);
    CHECK(together.ttl == 5min);
  }
}

TEST_CASE("the first key signs as soon as DNS shows it") {
  auto ring = dkim::begin_rotation({}, "p1", "id-p1", start).value();
  CHECK(signer(ring) ==
        "The DKIM key p1 has not been seen in DNS yet: publish its record as postern domain "
        "records prints it.");
  ring[0] = dkim::observe(ring[0], servers(Seen::absent), start);
  ring[0] = dkim::observe(ring[0], servers(Seen::absent), start + 9min);
  ring = dkim::advance(ring, start + 9min);
  CHECK(stages(ring) == "p1 fresh");
  ring[0] = dkim::observe(ring[0], resolver(Seen::same), start + 10min);
  ring = dkim::advance(ring, start + 10min);
  CHECK(stages(ring) == "p1 active");
  CHECK(signer(ring) == "p1");
  CHECK(signer({}) == "The domain has no DKIM key: make one with postern domain rotate-key.");
}

TEST_CASE("a rotation runs from the next key's record to the removal of the last one's") {
  dkim::KeyRing ring = {key("p1", KeyStage::active)};
  ring = dkim::begin_rotation(ring, "p2", "id-p2", start).value();
  ring[1] = dkim::observe(ring[1], {Seen::same, true, false, 2h}, start + 1h);
  CHECK(stages(dkim::advance(ring, start + 30h)) == "p1 active, p2 fresh");
  ring[1] = dkim::observe(ring[1], servers(Seen::same, 2h), start + 2h);
  CHECK(stages(ring) == "p1 active, p2 published");
  CHECK(dkim::due(ring[1]) == start + 4h);
  CHECK(stages(dkim::advance(ring, start + 4h - 1s)) == "p1 active, p2 published");

  ring = dkim::advance(ring, start + 4h);
  CHECK(stages(ring) == "p1 retiring, p2 active");
  CHECK(signer(ring) == "p2");
  ring[0].last_signed = start + 5h;  // by a relay that had not heard of it
  CHECK(dkim::due(ring[0]) == start + 5h + 168h);
  CHECK(stages(dkim::advance(ring, start + 5h + 168h - 1s)) == "p1 retiring, p2 active");
  ring = dkim::advance(ring, start + 5h + 168h);
  CHECK(stages(ring) == "p1 removable, p2 active");
  CHECK_FALSE(dkim::due(ring[0]));

  const Time removed = start + 200h;
  ring[0] = dkim::observe(ring[0], {Seen::absent, true, false, 1h}, removed);
  CHECK(stages(ring) == "p1 removable, p2 active");
  ring[0] = dkim::observe(ring[0], servers(Seen::absent), removed);
  CHECK(stages(ring) == "p1 gone, p2 active");
  CHECK(stages(dkim::advance(ring, removed + 1h - 1s)) == "p1 gone, p2 active");
  CHECK(stages(dkim::advance(ring, removed + 1h)) == "p2 active");
}

TEST_CASE("the operator may say that a record is removed, and may be wrong") {
  dkim::KeyRing ring = {key("p1", KeyStage::removable), key("p2", KeyStage::active)};
  CHECK(dkim::record_removed(ring, "p2", start).error().sentence() ==
        "The record of the DKIM key p2 is still needed: publish it again if it was removed.");
  CHECK(dkim::record_removed(ring, "p3", start).error().sentence() ==
        "The domain has no DKIM key of that selector.");
  ring = dkim::record_removed(ring, "p1", start).value();
  CHECK(stages(ring) == "p1 gone, p2 active");
  ring[0] = dkim::observe(ring[0], servers(Seen::mixed), start + 1min);
  CHECK(stages(ring) == "p1 removable, p2 active");
}

TEST_CASE("the next key waits anew when a server has lost its record, and not for a failure") {
  dkim::KeyRing ring = {key("p1", KeyStage::active), key("p2", KeyStage::published)};
  CHECK(dkim::observe(ring[1], servers(Seen::unknown), start + 1min).stage == KeyStage::published);
  CHECK(dkim::observe(ring[1], resolver(Seen::absent), start + 1min).stage == KeyStage::published);
  CHECK(dkim::observe(ring[1], servers(Seen::mixed), start + 1min).stage == KeyStage::fresh);
  ring[1] = dkim::observe(ring[1], servers(Seen::absent), start + 1min);
  ring[1] = dkim::observe(ring[1], servers(Seen::same), start + 30min);
  CHECK(dkim::due(ring[1]) == start + 90min);
}

TEST_CASE("a TTL is waited for, but never over a week") {
  struct Row {
    std::chrono::seconds ttl, waited;
  };
  static const Row rows[] = {{0s, 0s},
                             {60s, 60s},
                             {168h, 168h},
                             {168h + 1s, 168h},
                             {std::chrono::seconds(0xffffffff), 168h}};
  for (const Row& row : rows) {
    CAPTURE(row.ttl.count());
    const auto next =
        dkim::observe(key("p2", KeyStage::fresh), servers(Seen::same, row.ttl), start);
    CHECK(dkim::due(next) == start + row.waited);
  }
}

TEST_CASE("where the active key's record is gone, the other one that stands signs at once") {
  auto lost = key("p1", KeyStage::active);
  lost = dkim::observe(lost, servers(Seen::absent), start);
  lost = dkim::observe(lost, servers(Seen::absent), start + 5min);
  CHECK(signer({lost}) ==
        "DNS no longer shows the DKIM key p1: publish its record as postern domain records prints "
        "it.");
  struct Row {
    KeyStage other;
    std::string_view after;
  };
  static const Row rows[] = {
      {KeyStage::published, "p1 retiring, p2 active"},
      {KeyStage::retiring, "p1 retiring, p2 active"},
      {KeyStage::fresh, "p1 active, p2 fresh"},
      {KeyStage::removable, "p1 active, p2 removable"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.after);
    CHECK(stages(dkim::advance({lost, key("p2", row.other)}, start + 6min)) == row.after);
  }
  auto also_lost = lost;
  also_lost.selector = "p2";
  also_lost.stage = KeyStage::retiring;
  CHECK(stages(dkim::advance({lost, also_lost}, start + 6min)) == "p1 active, p2 retiring");
}

TEST_CASE("one rotation at a time") {
  struct Row {
    KeyStage other;
    std::string_view refusal;
  };
  static const Row rows[] = {
      {KeyStage::fresh,
       "The DKIM key p2 is on its way into use: wait until it signs, or abandon it."},
      {KeyStage::published,
       "The DKIM key p2 is on its way into use: wait until it signs, or abandon it."},
      {KeyStage::retiring,
       "The DKIM key p2 has signed mail that is still on its way: wait until its record may be "
       "removed."},
      {KeyStage::removable, "The DKIM key p2 has done its work: remove its record first."},
      {KeyStage::gone,
       "The DKIM key p2 is removed, but caches may still hold its record: wait for its TTL."},
  };
  for (const Row& row : rows) {
    CAPTURE(row.refusal);
    const auto begun = dkim::begin_rotation(
        {key("p1", KeyStage::active), key("p2", row.other)}, "p3", "id-p3", start);
    REQUIRE_FALSE(begun.has_value());
    CHECK(begun.error().sentence() == row.refusal);
  }
}

TEST_CASE("a rotation is abandoned before the next key signs") {
  const auto active = key("p1", KeyStage::active);
  const auto seen = dkim::observe(key("p2", KeyStage::fresh), resolver(Seen::same), start);
  CHECK(stages(dkim::abandon_rotation({active, key("p2", KeyStage::fresh)}, start).value()) ==
        "p1 active");
  CHECK(stages(dkim::abandon_rotation({active, seen}, start).value()) == "p1 active, p2 removable");
  CHECK(stages(dkim::abandon_rotation({active, key("p2", KeyStage::published)}, start).value()) ==
        "p1 active, p2 removable");
  CHECK_FALSE(dkim::abandon_rotation({active, key("p2", KeyStage::retiring)}, start).has_value());
  CHECK_FALSE(dkim::abandon_rotation({active}, start).has_value());
  CHECK_FALSE(dkim::abandon_rotation({key("p1", KeyStage::fresh)}, start).has_value());
}

TEST_CASE("who vouches for the keys has one sign, and the next one at a word") {
  dkim::KeyRing ring = {key("p1", KeyStage::fresh)};
  CHECK_FALSE(dkim::vouched_key({}));
  CHECK(dkim::vouched_key(ring) == 0);
  ring = dkim::vouch(ring, start);
  CHECK(stages(ring) == "p1 active");
  CHECK_FALSE(ring[0].confirmed);
  CHECK_FALSE(dkim::finish_rotation(ring, start).has_value());
  ring = dkim::begin_rotation(ring, "p2", "id", start).value();
  CHECK(dkim::vouched_key(ring) == 0);
  CHECK(stages(dkim::let_time_pass(ring, start + 900 * 24h)) == "p1 active, p2 fresh");
  ring = dkim::finish_rotation(ring, start + 1h).value();
  CHECK(stages(ring) == "p1 retiring, p2 active");
  CHECK(dkim::vouched_key(ring) == 1);
  CHECK(stages(dkim::vouch(ring, start)) == stages(ring));
  const auto over = start + 1h + dkim::default_margin;
  CHECK(stages(dkim::let_time_pass(ring, over - 1s)) == "p1 retiring, p2 active");
  CHECK(stages(dkim::let_time_pass(ring, over)) == "p1 removable, p2 active");
}

TEST_CASE("two selectors take turns") {
  static constexpr std::array<std::string_view, 2> selectors = {"p1", "p2"};
  CHECK(dkim::next_selector({}, selectors) == "p1");
  const dkim::KeyRing first = {key("p1", KeyStage::active)};
  CHECK(dkim::next_selector(first, selectors) == "p2");
  const dkim::KeyRing second = {key("p2", KeyStage::active)};
  CHECK(dkim::next_selector(second, selectors) == "p1");
  const dkim::KeyRing own = {key("mail2024", KeyStage::active)};
  CHECK(dkim::next_selector(own, selectors) == "p1");
  const dkim::KeyRing both = {key("p2", KeyStage::active), key("p1", KeyStage::retiring)};
  CHECK_FALSE(dkim::next_selector(both, selectors));
}

TEST_CASE("an old key is brought to mind once a year, unless one is on its way to follow it") {
  const dkim::KeyRing ring = {key("p1", KeyStage::active)};
  CHECK_FALSE(dkim::rotation_reminder(ring, start + 365 * 24h));
  CHECK(dkim::rotation_reminder(ring, start + 366 * 24h) ==
        "The DKIM key p1 is 366 days old: begin a rotation with postern domain rotate-key.");
  CHECK(dkim::rotation_reminder(ring, start + 31 * 24h, 30 * 24h));
  const dkim::KeyRing rotating = {ring[0], key("p2", KeyStage::fresh)};
  CHECK_FALSE(dkim::rotation_reminder(rotating, start + 366 * 24h));
  CHECK_FALSE(dkim::rotation_reminder({}, start));
}

TEST_SUITE_END();
