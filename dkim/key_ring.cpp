#include "dkim/key_ring.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace dkim {
namespace {

using mail::failure;
using mail::Result;

constexpr std::uint32_t out_of_use = 2;  ///< contradictions

bool contradicts(Seen seen) noexcept {
  switch (seen) {
    case Seen::absent:
    case Seen::other:
    case Seen::revoked:
      return true;
    case Seen::same:
    case Seen::mixed:
    case Seen::unknown:
      return false;
  }
  return false;
}

void enter(KeyState& key, KeyStage stage, Time now) {
  key.stage = stage;
  key.since = now;
}

void confirm(KeyState& key) {
  key.confirmed = true;
  key.contradictions = 0;
  key.contradicted_at.reset();
}

/// A clock that was set back starts the five minutes anew.
void contradict(KeyState& key, Time now) {
  if (!key.contradicted_at || now < *key.contradicted_at) {
    key.contradictions = std::max<std::uint32_t>(key.contradictions, 1);
    key.contradicted_at = now;
  } else if (now - *key.contradicted_at >= contradiction_distance) {
    key.contradictions = out_of_use;
    key.contradicted_at = now;
  }
}

/// A cache may still show what the servers no longer do.
bool may_be_older(const Observation& look, const KeyState& key, Time now) {
  if (look.authoritative || !key.contradicted_at) return false;
  return now < *key.contradicted_at + contradiction_distance + key.ttl.value_or(max_ttl);
}

void weigh(KeyState& key, const Observation& look, Time now) {
  if (look.seen == Seen::same && !may_be_older(look, key, now)) confirm(key);
  if (contradicts(look.seen) && look.authoritative) contradict(key, now);
}

/// Stages that a look itself changes.
void move_on(KeyState& key, const Observation& look, Time now) {
  const bool everywhere = look.seen == Seen::same && look.authoritative && look.complete;
  const bool nowhere = contradicts(look.seen) && look.authoritative && look.complete;
  const bool somewhere_not =
      look.authoritative && (contradicts(look.seen) || look.seen == Seen::mixed);
  const bool somewhere =
      look.authoritative && (look.seen == Seen::same || look.seen == Seen::mixed);
  switch (key.stage) {
    case KeyStage::fresh:
      if (everywhere) enter(key, KeyStage::published, now);
      return;
    case KeyStage::published:
      if (somewhere_not) enter(key, KeyStage::fresh, now);
      return;
    case KeyStage::removable:
      if (nowhere) enter(key, KeyStage::gone, now);
      return;
    case KeyStage::gone:
      if (somewhere) enter(key, KeyStage::removable, now);
      return;
    case KeyStage::active:
    case KeyStage::retiring:
      return;
  }
}

/// The first key, or the next one of a rotation.
bool is_on_its_way(const KeyState& key) noexcept {
  return key.stage == KeyStage::fresh || key.stage == KeyStage::published;
}

KeyRing::iterator in_stage(KeyRing& ring, KeyStage stage) {
  return std::find_if(
      ring.begin(), ring.end(), [stage](const KeyState& key) { return key.stage == stage; });
}

/// A key that may sign in the place of `active`: the next one, or the last one, whose record still
/// stands.
KeyRing::iterator substitute(KeyRing& ring) {
  return std::find_if(ring.begin(), ring.end(), [](const KeyState& key) {
    return (key.stage == KeyStage::published || key.stage == KeyStage::retiring) &&
           is_confirmed(key);
  });
}

void activate(KeyRing& ring, KeyState& next, Time now) {
  if (const auto former = in_stage(ring, KeyStage::active); former != ring.end()) {
    enter(*former, KeyStage::retiring, now);
  }
  enter(next, KeyStage::active, now);
}

/// The key that is to become active now, if any.
KeyRing::iterator successor(KeyRing& ring, Time now) {
  const auto active = in_stage(ring, KeyStage::active);
  if (active == ring.end()) {
    return std::find_if(ring.begin(), ring.end(), [](const KeyState& key) {
      return is_on_its_way(key) && is_confirmed(key);
    });
  }
  if (!is_confirmed(*active)) return substitute(ring);
  const auto next = in_stage(ring, KeyStage::published);
  const bool waited = next != ring.end() && now >= due(*next).value_or(Time::max());
  return waited ? next : ring.end();
}

/// No rotation while another key than the one that signs has a part to play.
std::optional<mail::Failure> under_way(const KeyRing& ring) {
  const auto other = std::find_if(
      ring.begin(), ring.end(), [](const KeyState& key) { return key.stage != KeyStage::active; });
  if (other == ring.end()) return std::nullopt;
  const std::string key = "The DKIM key " + other->selector;
  switch (other->stage) {
    case KeyStage::fresh:
    case KeyStage::published:
      return failure(key + " is on its way into use: wait until it signs, or abandon it.");
    case KeyStage::retiring:
      return failure(key +
                     " has signed mail that is still on its way: wait until its record may "
                     "be removed.");
    case KeyStage::removable:
      return failure(key + " has done its work: remove its record first.");
    case KeyStage::gone:
      return failure(key + " is removed, but caches may still hold its record: wait for its TTL.");
    case KeyStage::active:
      break;
  }
  return std::nullopt;
}

}  // namespace

std::string_view word(KeyStage stage) noexcept {
  switch (stage) {
    case KeyStage::fresh:
      return "fresh";
    case KeyStage::published:
      return "published";
    case KeyStage::active:
      return "active";
    case KeyStage::retiring:
      return "retiring";
    case KeyStage::removable:
      return "removable";
    case KeyStage::gone:
      return "gone";
  }
  return {};
}

Seen seen(KeyMatch match) noexcept {
  switch (match) {
    case KeyMatch::same:
      return Seen::same;
    case KeyMatch::barred:
    case KeyMatch::other_key:
      return Seen::other;
    case KeyMatch::revoked:
      return Seen::revoked;
    case KeyMatch::unreadable:
      return Seen::absent;
  }
  return Seen::unknown;
}

Observation at_authorities(std::span<const Seen> looks, std::chrono::seconds ttl) {
  Observation together{Seen::unknown, true, !looks.empty(), ttl};
  for (const Seen look : looks) {
    if (look == Seen::unknown) {
      together.complete = false;
    } else if (together.seen == Seen::unknown) {
      together.seen = look;
    } else if (contradicts(together.seen) != contradicts(look)) {
      together.seen = Seen::mixed;
    }
  }
  return together;
}

KeyState observe(KeyState key, const Observation& look, Time now) {
  if (look.authoritative && (look.seen == Seen::same || look.seen == Seen::mixed)) {
    const auto bounded = std::min<std::chrono::seconds>(look.ttl, max_ttl);
    key.ttl = std::max(key.ttl.value_or(bounded), bounded);
  }
  if (is_on_its_way(key)) {
    if (look.seen == Seen::same) confirm(key);  // its absence is no contradiction yet
  } else {
    weigh(key, look, now);
  }
  move_on(key, look, now);
  return key;
}

bool is_confirmed(const KeyState& key) noexcept {
  return key.confirmed && key.contradictions < out_of_use;
}

std::optional<Time> due(const KeyState& key, std::chrono::seconds margin) {
  switch (key.stage) {
    case KeyStage::published:
    case KeyStage::gone:
      return key.since + key.ttl.value_or(max_ttl);
    case KeyStage::retiring:
      return std::max(key.since, key.last_signed.value_or(key.since)) + margin;
    case KeyStage::fresh:
    case KeyStage::active:
    case KeyStage::removable:
      return std::nullopt;
  }
  return std::nullopt;
}

KeyRing advance(KeyRing ring, Time now, std::chrono::seconds margin) {
  if (const auto next = successor(ring, now); next != ring.end()) activate(ring, *next, now);
  return let_time_pass(std::move(ring), now, margin);
}

KeyRing let_time_pass(KeyRing ring, Time now, std::chrono::seconds margin) {
  std::erase_if(ring, [now](const KeyState& key) {
    return key.stage == KeyStage::gone && now >= due(key).value_or(Time::max());
  });
  for (KeyState& key : ring) {
    if (key.stage == KeyStage::retiring && now >= due(key, margin).value_or(Time::max())) {
      enter(key, KeyStage::removable, now);
    }
  }
  return ring;
}

Result<std::size_t> signing_key(std::span<const KeyState> ring) {
  if (ring.empty()) {
    return failure("The domain has no DKIM key: make one with postern domain rotate-key.");
  }
  const auto active = std::find_if(
      ring.begin(), ring.end(), [](const KeyState& key) { return key.stage == KeyStage::active; });
  if (active == ring.end()) {
    return failure("The DKIM key " + ring.front().selector +
                   " has not been seen in DNS yet: publish its record as postern domain records "
                   "prints it.");
  }
  if (!is_confirmed(*active)) {
    return failure("DNS no longer shows the DKIM key " + active->selector +
                   ": publish its record as postern domain records prints it.");
  }
  return static_cast<std::size_t>(std::distance(ring.begin(), active));
}

std::optional<std::size_t> vouched_key(std::span<const KeyState> ring) {
  if (ring.empty()) return std::nullopt;
  const auto active = std::find_if(
      ring.begin(), ring.end(), [](const KeyState& key) { return key.stage == KeyStage::active; });
  return active == ring.end() ? 0 : static_cast<std::size_t>(std::distance(ring.begin(), active));
}

std::optional<std::string> next_selector(std::span<const KeyState> ring,
                                         std::span<const std::string_view> selectors) {
  const auto is_free = [ring](std::string_view selector) {
    return std::none_of(ring.begin(), ring.end(), [selector](const KeyState& key) {
      return key.selector == selector;
    });
  };
  const auto found = std::find_if(selectors.begin(), selectors.end(), is_free);
  if (found == selectors.end()) return std::nullopt;
  return std::string(*found);
}

Result<KeyRing> begin_rotation(KeyRing ring, std::string selector, std::string id, Time now) {
  if (auto refused = under_way(ring)) return *std::move(refused);
  KeyState next;
  next.selector = std::move(selector);
  next.id = std::move(id);
  next.made = now;
  next.since = now;
  ring.push_back(std::move(next));
  return ring;
}

KeyRing vouch(KeyRing ring, Time now) {
  const auto signs = vouched_key(ring);
  if (signs && is_on_its_way(ring[*signs])) enter(ring[*signs], KeyStage::active, now);
  return ring;
}

Result<KeyRing> finish_rotation(KeyRing ring, Time now) {
  const auto next = std::find_if(ring.begin(), ring.end(), is_on_its_way);
  if (next == ring.end()) return failure("No DKIM key is on its way to follow the one that signs.");
  activate(ring, *next, now);
  return ring;
}

Result<KeyRing> abandon_rotation(KeyRing ring, Time now) {
  const auto next = std::find_if(ring.begin(), ring.end(), is_on_its_way);
  if (next == ring.end() || ring.size() == 1) {
    return failure(
        "No DKIM key is on its way to follow the one that signs: there is nothing to "
        "abandon.");
  }
  if (next->confirmed) {
    enter(*next, KeyStage::removable, now);
  } else {
    ring.erase(next);
  }
  return ring;
}

Result<KeyRing> record_removed(KeyRing ring, std::string_view selector, Time now) {
  const auto key = std::find_if(ring.begin(), ring.end(), [selector](const KeyState& each) {
    return each.selector == selector;
  });
  if (key == ring.end()) return failure("The domain has no DKIM key of that selector.");
  if (key->stage != KeyStage::removable) {
    return failure("The record of the DKIM key " + key->selector +
                   " is still needed: publish it again if it was removed.");
  }
  enter(*key, KeyStage::gone, now);
  return ring;
}

std::optional<std::string> rotation_reminder(std::span<const KeyState> ring,
                                             Time now,
                                             std::chrono::seconds max_age) {
  if (ring.size() != 1 || ring.front().stage != KeyStage::active) return std::nullopt;
  const auto age = std::chrono::duration_cast<std::chrono::days>(now - ring.front().made);
  if (age <= max_age) return std::nullopt;
  return "The DKIM key " + ring.front().selector + " is " + std::to_string(age.count()) +
         " days old: begin a rotation with postern domain rotate-key.";
}

}  // namespace dkim
