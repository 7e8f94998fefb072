#include "relay/domains/registry_state.hpp"

#include <fmt/format.h>

#include <algorithm>

// The domains' keys: made, rotated, given out.

namespace domains {

namespace asio = net::asio;

mail::Result<void> Registry::State::add_key(const dkim::PrivateKey& key,
                                            const std::string& domain,
                                            const std::string& selector,
                                            Live& live,
                                            Alteration& alteration) const {
  auto ring = dkim::begin_rotation(live.learned.ring, selector, key_id(key), parts.clock.now());
  if (!ring) return ring.error();
  auto sealed_key = sealed(key, domain, selector);
  if (!sealed_key) return sealed_key.error();
  auto made = material(key, domain, selector);
  if (!made) return made.error();
  live.learned.ring = *std::move(ring);
  live.keys.insert_or_assign(selector, *std::move(made));
  alteration.writes.push_back(*std::move(sealed_key));
  return {};
}

std::vector<spool::DocumentWrite> Registry::State::drop_keys(const std::string& domain,
                                                             Live& live) const {
  std::vector<spool::DocumentWrite> writes;
  for (auto it = live.keys.begin(); it != live.keys.end();) {
    const bool kept = std::ranges::find(live.learned.ring, it->first, &dkim::KeyState::selector) !=
                      live.learned.ring.end();
    if (!kept && inventory.version(kind::key, key_name(domain, it->first)) != 0)
      writes.push_back(write(kind::key, key_name(domain, it->first), std::nullopt));
    it = kept ? std::next(it) : live.keys.erase(it);
  }
  return writes;
}

namespace {

/// Why nobody rotates the domain's key by command, or not this caller; nothing where it can be.
std::optional<Refused> judge_rotation(const Inventory& inventory,
                                      bool has_key_file,
                                      const std::string& domain,
                                      const Expected& expected) {
  const Domain* setup = inventory.setup(domain);
  if (setup == nullptr) return no_domain(domain);
  if (setup->signing == policy::SigningMode::ses)
    return invalid("SES signs for this domain and changes its keys by itself.");
  if (has_key_file)
    return refused(Refused::Kind::read_only,
                   "The domain's key is a file of the configuration: change `selector` and "
                   "`key_file` there.");
  return changed_since(expected, shown_domain(inventory, domain, nullptr)->version);
}

/// Only who vouches for the domain can say that the next key's record is published.
std::optional<Refused> judge_beginning(const Domain& setup, const dkim::KeyRing& ring) {
  const auto next = std::ranges::find(ring, dkim::KeyStage::fresh, &dkim::KeyState::stage);
  if (!setup.trusted || next == ring.end()) return std::nullopt;
  return refused(Refused::Kind::conflict,
                 fmt::format("The DKIM key {} waits for its record: publish it, then `postern "
                             "domain rotate-key {} --published` lets it sign.",
                             next->selector,
                             setup.name));
}

Outcome<dkim::KeyRing> or_conflict(mail::Result<dkim::KeyRing> ring) {
  if (!ring) return refused(Refused::Kind::conflict, ring.error().sentence());
  return *std::move(ring);
}

/// A step of a rotation that makes no key; what it was goes to `detail`.
Outcome<dkim::KeyRing> step_on(
    dkim::KeyRing ring, Registry::Rotation step, bool trusted, WallTime now, std::string& detail) {
  switch (step) {
    case Registry::Rotation::begin:
      break;
    case Registry::Rotation::published:
      detail = "the next key's record is published";
      if (!trusted)
        return invalid(
            "DNS itself shows when the next record is published: `postern domain verify` looks.");
      return or_conflict(dkim::finish_rotation(std::move(ring), now));
    case Registry::Rotation::abandon:
      detail = "abandoned";
      return or_conflict(dkim::abandon_rotation(std::move(ring), now));
    case Registry::Rotation::removed: {
      detail = "the old record is removed";
      const auto old = std::ranges::find(ring, dkim::KeyStage::removable, &dkim::KeyState::stage);
      if (old == ring.end()) return invalid("No key's record may be removed now.");
      const std::string selector = old->selector;
      return or_conflict(dkim::record_removed(std::move(ring), selector, now));
    }
  }
  return ring;
}

}  // namespace

/// Makes the next key, into the ring and what is written down.
asio::awaitable<std::optional<Refused>> Registry::State::begin_rotation(const std::string& domain,
                                                                        dkim::Algorithm algorithm,
                                                                        Live& live,
                                                                        Alteration& alteration) {
  const auto selector = dkim::next_selector(live.learned.ring, own_selectors);
  if (!selector) co_return invalid("Two keys are in use already: the old one must go first.");
  const auto key = co_await make_key(algorithm, "", false);
  if (!key) co_return refused(Refused::Kind::failed, key.error().sentence());
  if (auto added = add_key(*key, domain, *selector, live, alteration); !added)
    co_return refused(Refused::Kind::conflict, added.error().sentence());
  alteration.detail = "begun, selector " + *selector;
  co_return std::nullopt;
}

/// The domain's keys as a step of a rotation has left them.
void Registry::State::keep_ring(const std::string& domain,
                                Live live,
                                Alteration& alteration) const {
  alteration.what = "domain rotate-key";
  alteration.target = domain;
  for (spool::DocumentWrite& gone : drop_keys(domain, live))
    alteration.writes.push_back(std::move(gone));
  alteration.writes.push_back(write(kind::verification, domain, to_json(live.learned)));
  alteration.apply = [domain, live = std::move(live)](Inventory& after) {
    after.live.insert_or_assign(domain, live);
  };
}

asio::awaitable<Outcome<Done>> Registry::rotate_key(std::string domain,
                                                    Rotation step,
                                                    Caller caller,
                                                    Expected expected) {
  const auto turn = co_await state_->turn.take();
  if (!turn) co_return too_busy();
  State& state = *state_;
  domain = compared(domain);
  if (auto wrong =
          judge_rotation(state.inventory, state.key_files.contains(domain), domain, expected))
    co_return *wrong;
  const Domain setup = *state.inventory.setup(domain);
  const auto now = state.parts.clock.now();
  Live live = state.inventory.live[domain];
  if (setup.trusted)
    live.learned.ring = dkim::let_time_pass(dkim::vouch(std::move(live.learned.ring), now), now);
  Alteration alteration;
  if (step == Rotation::begin) {
    if (auto wrong = judge_beginning(setup, live.learned.ring)) co_return *wrong;
    if (auto wrong = co_await state.begin_rotation(domain, setup.algorithm, live, alteration))
      co_return *wrong;
  } else {
    auto ring = step_on(live.learned.ring, step, setup.trusted, now, alteration.detail);
    if (!ring) co_return ring.error();
    live.learned.ring = *std::move(ring);
  }
  ++live.learned.changes;
  state.keep_ring(domain, std::move(live), alteration);
  co_return co_await state.carry_out(std::move(alteration), caller);
}

asio::awaitable<void> Registry::let_time_pass(std::string domain) {
  const auto plan = [=](State& state) -> Outcome<Alteration> {
    const Domain* setup = state.inventory.setup(domain);
    const auto known = state.inventory.live.find(domain);
    if (setup == nullptr || !setup->trusted || known == state.inventory.live.end())
      return Alteration{};
    Live live = known->second;
    live.learned.ring = dkim::let_time_pass(live.learned.ring, state.parts.clock.now());
    if (live.learned.ring == known->second.learned.ring) return Alteration{};
    Alteration alteration;
    alteration.detail = "an old key's time is over";
    state.keep_ring(domain, std::move(live), alteration);
    return alteration;
  };
  co_await state_->change({Caller::Role::admin, "", "relay"}, plan);
}

asio::awaitable<Outcome<std::string>> Registry::export_key(std::string domain,
                                                           std::string selector,
                                                           Caller caller) {
  domain = compared(domain);
  std::string pem;
  const auto plan = [&](const State& state) -> Outcome<Alteration> {
    const auto live = state.inventory.live.find(domain);
    if (live == state.inventory.live.end()) return no_domain(domain);
    const auto key = live->second.keys.find(selector);
    if (key == live->second.keys.end())
      return refused(Refused::Kind::absent,
                     fmt::format("{} has no key with the selector {}.", domain, selector));
    pem = key->second.key.pem();
    return Alteration{{}, [](Inventory&) {}, "domain export-key", domain, "selector " + selector};
  };
  const auto done = co_await state_->change(std::move(caller), plan);
  if (!done) co_return done.error();
  co_return pem;
}

std::shared_ptr<const dkim::Signer> Registry::main_key(std::string_view domain) const {
  const auto live = state_->inventory.live.find(domain);
  if (live == state_->inventory.live.end()) return nullptr;
  const dkim::KeyRing& ring = live->second.learned.ring;
  const auto chosen = dkim::vouched_key(ring);
  if (!chosen) return nullptr;
  const auto key = live->second.keys.find(ring[*chosen].selector);
  return key == live->second.keys.end() ? nullptr : key->second.signer;
}

mail::Result<dkim::KeyTest> Registry::test_key(std::string_view domain,
                                               std::string_view selector,
                                               std::string_view record) const {
  const auto live = state_->inventory.live.find(domain);
  if (live == state_->inventory.live.end()) return mail::failure("There is no such domain.");
  const auto key = live->second.keys.find(selector);
  if (key == live->second.keys.end()) return mail::failure("There is no such key.");
  return dkim::test_published(
      state_->parts.library, key->second.key, dkim::PublishedKey{domain, selector, record});
}

}  // namespace domains
