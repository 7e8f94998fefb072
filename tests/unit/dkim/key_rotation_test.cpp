// Rotations under random schedules of publication, caching, outages and traffic.
#include "dkim/key_ring.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using dkim::KeyStage;
using dkim::Seen;
using dkim::Time;
using std::chrono::seconds;

constexpr Time start = Time(std::chrono::sys_days(std::chrono::year(2026) / 1 / 1));
constexpr std::array<std::string_view, 2> selectors = {"p1", "p2"};
constexpr seconds margin = 48h;
constexpr seconds negative_ttl = 15min;
constexpr seconds longest_step = 20min;

/// Chance and time.
struct Fate {
  std::mt19937 engine;
  std::size_t below(std::size_t bound) {
    return std::uniform_int_distribution<std::size_t>(0, bound - 1)(engine);
  }
  bool one_in(std::size_t n) { return below(n) == 0; }
  seconds up_to(seconds most) { return seconds(below(static_cast<std::size_t>(most.count()) + 1)); }
};

struct Record {
  std::string id;  ///< of the key; empty: no such name
  seconds ttl = negative_ttl;
};

using Zone = std::map<std::string, Record>;  ///< by selector

/// One authoritative server: fetches the zone from time to time.
struct Server {
  Zone zone;
  Time fetches_at = start;

  [[nodiscard]] Record ask(const std::string& selector) const {
    const auto found = zone.find(selector);
    return found == zone.end() ? Record{} : found->second;
  }
};
using Servers = std::array<Server, 3>;

/// A receiver's resolver, which asks any of the servers and believes its cache.
class Cache {
 public:
  Record ask(const std::string& selector, const Servers& servers, Time now, Fate& fate) {
    auto& kept = kept_[selector];
    if (now >= kept.second) {
      kept.first = servers[fate.below(servers.size())].ask(selector);
      kept.second = now + kept.first.ttl;
    }
    return kept.first;
  }

 private:
  std::map<std::string, std::pair<Record, Time>> kept_;
};

struct InFlight {
  Time verified_at;
  std::string selector, id;
};

/// An operator who removes a record only when told, and the relay that tells it.
class Simulation {
 public:
  explicit Simulation(unsigned seed) : fate_{std::mt19937(seed)} {
    ring_ = dkim::begin_rotation({}, "p1", "key-0", now_).value();
    publish(ring_[0]);
    fetch();
    while (ring_[0].stage != KeyStage::active) {
      look_at_servers();
      ring_ = dkim::advance(ring_, now_, margin);
    }
  }

  void run(seconds length) {
    for (const Time end = now_ + length; now_ < end;) {
      now_ += 1s + fate_.up_to(longest_step - 1s);
      if (fate_.one_in(400)) outage_until_ = now_ + fate_.up_to(24h);
      fetch();
      operate();
      if (fate_.one_in(3)) look_at_servers();
      if (fate_.one_in(3)) look_at_resolver();
      const dkim::KeyRing before = ring_;
      ring_ = dkim::advance(ring_, now_, margin);
      sign_with(fate_.one_in(4) ? before : ring_);  // some have not heard of a change yet
      if (fate_.one_in(4)) any_cache().ask(any_selector(), servers_, now_, fate_);
      verify_what_is_due();
    }
  }

  int signatures = 0, held = 0, unresolved = 0, abandoned = 0, rotations = 0;

 private:
  Cache& any_cache() { return caches_[fate_.below(caches_.size())]; }
  std::string any_selector() { return std::string(selectors[fate_.below(selectors.size())]); }

  void fetch() {
    for (Server& server : servers_) {
      if (now_ < server.fetches_at) continue;
      server.zone = zone_;
      server.fetches_at = now_ + fate_.up_to(2h);
    }
  }
  void publish(const dkim::KeyState& key) {
    zone_[key.selector] = {key.id, 1min + fate_.up_to(fate_.one_in(2) ? 1h : 36h)};
    published_ = key.id;
  }

  void operate() {
    const auto next = std::find_if(ring_.begin(), ring_.end(), [](const dkim::KeyState& key) {
      return key.stage != KeyStage::active;
    });
    if (next == ring_.end()) {
      if (fate_.one_in(20)) begin();
    } else if (next->stage == KeyStage::removable) {
      remove(next->selector);
    } else if (next->stage == KeyStage::fresh || next->stage == KeyStage::published) {
      // A record that nobody has seen is not given up: caches could hold what the relay never saw.
      const bool is_published = published_ == next->id;
      if ((!is_published || next->confirmed) && fate_.one_in(60)) {
        abandon();
      } else if (!is_published && fate_.one_in(10)) {
        publish(*next);
      }
    }
  }
  void begin() {
    auto selector = dkim::next_selector(ring_, selectors);
    ring_ =
        dkim::begin_rotation(ring_, selector.value(), "key-" + std::to_string(++rotations), now_)
            .value();
  }
  void abandon() {
    ring_ = dkim::abandon_rotation(ring_, now_).value();
    ++abandoned;
  }
  /// Some time after it is told; may say so when it is done everywhere.
  void remove(const std::string& selector) {
    if (fate_.one_in(10)) zone_.erase(selector);
    if (is_removed(selector) && fate_.one_in(10)) {
      ring_ = dkim::record_removed(ring_, selector, now_).value();
    }
  }
  [[nodiscard]] bool is_removed(const std::string& selector) const {
    return std::all_of(servers_.begin(), servers_.end(), [&](const Server& server) {
      return server.ask(selector).id.empty();
    });
  }

  static Seen look_of(const Record& record, const dkim::KeyState& key) {
    if (record.id.empty()) return Seen::absent;
    return record.id == key.id ? Seen::same : Seen::other;
  }
  void look_at_servers() {
    for (dkim::KeyState& key : ring_) {
      std::vector<Seen> looks;
      seconds ttl = negative_ttl;
      for (const Server& server : servers_) {
        const bool fails = now_ < outage_until_ || fate_.one_in(8);
        const Record record = server.ask(key.selector);
        looks.push_back(fails ? Seen::unknown : look_of(record, key));
        if (!fails) ttl = std::max(ttl, record.ttl);
      }
      key = dkim::observe(key, dkim::at_authorities(looks, ttl), now_);
    }
  }
  void look_at_resolver() {
    for (dkim::KeyState& key : ring_) {
      const Record record = own_cache_.ask(key.selector, servers_, now_, fate_);
      const Seen look = now_ < outage_until_ ? Seen::unknown : look_of(record, key);
      key = dkim::observe(key, {look, false, false, record.ttl}, now_);
    }
  }

  void sign_with(const dkim::KeyRing& snapshot) {
    const auto index = dkim::signing_key(snapshot);
    if (!index) {
      ++held;
      return;
    }
    const dkim::KeyState& signer = snapshot[*index];
    for (dkim::KeyState& key : ring_) {
      if (key.id == signer.id) key.last_signed = now_;
    }
    ++signatures;
    in_flight_.push_back({now_ + fate_.up_to(margin - longest_step), signer.selector, signer.id});
  }
  void verify_what_is_due() {
    std::erase_if(in_flight_, [this](const InFlight& message) {
      if (message.verified_at > now_) return false;
      const Record found = any_cache().ask(message.selector, servers_, now_, fate_);
      if (found.id != message.id) ++unresolved;
      return true;
    });
  }

  Fate fate_;
  Time now_ = start;
  Zone zone_;  ///< as the operator has it
  Servers servers_;
  std::array<Cache, 4> caches_;
  Cache own_cache_;
  dkim::KeyRing ring_;
  std::vector<InFlight> in_flight_;
  std::string published_;  ///< the key published last
  Time outage_until_ = start;
};

}  // namespace

TEST_SUITE_BEGIN("dkim/key_rotation");

TEST_CASE("at each instant each signature in flight resolves, and nothing is held") {
  int rotations = 0;
  int abandoned = 0;
  for (unsigned seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    Simulation simulation(seed);
    simulation.run(60 * 24h);
    CHECK(simulation.unresolved == 0);
    CHECK(simulation.held == 0);
    CHECK(simulation.signatures > 1000);
    rotations += simulation.rotations;
    abandoned += simulation.abandoned;
  }
  CHECK(rotations - abandoned > 100);  // the schedules do rotate
  CHECK(abandoned > 10);
}

TEST_SUITE_END();
