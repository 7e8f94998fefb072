#include "policy/address.hpp"
#include "policy/public_suffix.hpp"
#include "relay/config/values.hpp"
#include "relay/domains/registry_state.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace domains {

namespace asio = net::asio;

namespace {

/// Two are enough: while one signs, the other one is on its way in or out.
constexpr std::array<std::string_view, 2> selectors{"p1", "p2"};

Refused no_domain(std::string_view domain) {
  return refused(Refused::Kind::absent, fmt::format("There is no domain {}.", domain));
}

Refused invalid(std::string sentence) {
  return refused(Refused::Kind::invalid, std::move(sentence));
}

/// The name in the compared form, for callers that take either; as given where it is none.
std::string compared(const std::string& name) {
  auto normal = policy::normal_domain(name);
  return normal ? *std::move(normal) : name;
}

/// A proved name of another owner at or above `name`, which therefore is not free.
const Domain* claimed_above(const Inventory& inventory,
                            std::string_view name,
                            std::string_view owner) {
  for (auto dot = name.find('.'); dot != std::string_view::npos; dot = name.find('.', dot + 1)) {
    const Domain* above = inventory.setup(name.substr(dot + 1));
    if (above == nullptr || above->owner == owner) continue;
    const auto live = inventory.live.find(above->name);
    if (above->trusted || (live != inventory.live.end() && live->second.learned.state.proved))
      return above;
  }
  return nullptr;
}

/// What is wrong with a new domain, or nothing.
std::optional<Refused> judge(const NewDomain& domain, const Inventory& inventory) {
  if (inventory.setup(domain.name) != nullptr)
    return refused(Refused::Kind::conflict, fmt::format("There is a domain {}.", domain.name));
  if (inventory.domains.size() + inventory.provisioned.domains.size() >= max_domains)
    return invalid(fmt::format("There are {} domains, which is the most.", max_domains));
  if (policy::is_public_suffix(domain.name))
    return invalid(fmt::format("{} is a public suffix, which nobody owns: give the name below it.",
                               domain.name));
  if (!config::is_app_name(domain.owner))
    return invalid("An owner's name is 1 to 63 of a-z, 0-9 and `-`, not beginning with `-`.");
  if (!domain.selector.empty() && !config::is_host(domain.selector))
    return invalid("A selector is letters, digits and `-`, like p1.");
  if (!domain.app.empty() && !inventory.has_app(domain.app))
    return refused(Refused::Kind::absent, fmt::format("There is no app named {}.", domain.app));
  if (!domain.app.empty() && inventory.serves(domain.app) >= max_associations_of_app)
    return invalid(fmt::format("An app has {} domains at most.", max_associations_of_app));
  if (!domain.mail_from.empty() &&
      !(config::is_host(domain.mail_from) && domain.mail_from.ends_with("." + domain.name)))
    return invalid(fmt::format("The MAIL FROM domain must be under {}: give one like bounce.{}.",
                               domain.name,
                               domain.name));
  if (const Domain* above = claimed_above(inventory, domain.name, domain.owner))
    return invalid(fmt::format(
        "{} is under a name that another owner has proved: ask them to add it.", domain.name));
  return std::nullopt;
}

Domain domain_of(const NewDomain& given, WallTime now) {
  Domain domain;
  domain.name = given.name;
  domain.owner = given.owner;
  domain.subdomains = given.subdomains;
  domain.signing = given.signing;
  domain.algorithm = given.algorithm;
  domain.mail_from = given.mail_from;
  domain.added_at = now;
  return domain;
}

}  // namespace

asio::awaitable<Outcome<Done>> Registry::add_domain(NewDomain domain, Caller caller) {
  const auto turn = co_await state_->turn.take();
  if (!turn) co_return too_busy();
  State& state = *state_;
  auto name = policy::normal_domain(domain.name);
  if (!name) co_return invalid(name.error().sentence());
  domain.name = *std::move(name);
  if (!domain.mail_from.empty()) domain.mail_from = compared(domain.mail_from);
  if (!domain.app.empty()) domain.owner = state.inventory.owner_of_app(domain.app);
  if (domain.owner.empty()) domain.owner = operators;
  if (auto wrong = judge(domain, state.inventory)) co_return *wrong;
  const auto now = state.parts.clock.now();
  Live live;
  live.learned.state.since = now;
  Alteration alteration;
  alteration.what = "domain add";
  alteration.target = domain.name;
  alteration.detail = fmt::format("owner {}", domain.owner);
  if (domain.signing == policy::SigningMode::local) {
    auto key = co_await state.make_key(domain.algorithm, std::move(domain.pem), domain.allow_weak);
    if (!key) co_return invalid(key.error().sentence());
    domain.algorithm = key->algorithm();  // an imported one's may be another
    const std::string selector =
        domain.selector.empty() ? std::string(selectors.front()) : domain.selector;
    if (auto added = state.add_key(*key, domain.name, selector, live, alteration); !added)
      co_return invalid(added.error().sentence());
  }
  const Domain setup = domain_of(domain, now);
  alteration.writes.push_back(state.write(kind::domain, setup.name, to_json(setup)));
  alteration.writes.push_back(state.write(kind::verification, setup.name, to_json(live.learned)));
  std::optional<Association> association;
  RegistryDocument numbers = state.inventory.registry;
  if (!domain.app.empty()) {
    association = Association{domain.app, setup.name, ++numbers.associations, false};
    alteration.writes.push_back(
        state.write(kind::association, domain.app + " " + setup.name, to_json(*association)));
    alteration.writes.push_back(state.write(kind::registry, "", to_json(numbers)));
  }
  alteration.apply = [setup, live, association, numbers](Inventory& inventory) {
    inventory.domains.insert_or_assign(setup.name, setup);
    inventory.live.insert_or_assign(setup.name, live);
    inventory.registry = numbers;
    if (association)
      inventory.associations.insert_or_assign({association->app, setup.name}, *association);
  };
  co_return co_await state.carry_out(std::move(alteration), caller);
}

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

asio::awaitable<Outcome<Done>> Registry::associate(std::string domain,
                                                   std::string app,
                                                   Caller caller) {
  const auto turn = co_await state_->turn.take();
  if (!turn) co_return too_busy();
  State& state = *state_;
  domain = compared(domain);
  const Domain* setup = state.inventory.setup(domain);
  if (setup == nullptr) co_return no_domain(domain);
  if (!state.inventory.has_app(app))
    co_return refused(Refused::Kind::absent, fmt::format("There is no app named {}.", app));
  if (state.inventory.owner_of_app(app) != setup->owner)
    co_return invalid(
        fmt::format("{} serves the apps of its own owner only, and {} is another's.", domain, app));
  if (state.inventory.associations.contains({app, domain})) co_return Done{};
  if (state.inventory.serves(app) >= max_associations_of_app)
    co_return invalid(fmt::format("An app has {} domains at most.", max_associations_of_app));
  RegistryDocument numbers = state.inventory.registry;
  const Association association{app, domain, ++numbers.associations, false};
  Alteration alteration{
      {state.write(kind::association, app + " " + domain, to_json(association)),
       state.write(kind::registry, "", to_json(numbers))},
      [association, numbers](Inventory& inventory) {
        inventory.associations.insert_or_assign({association.app, association.domain}, association);
        inventory.registry = numbers;
      },
      "domain associate",
      domain,
      "with " + app};
  co_return co_await state.carry_out(std::move(alteration), caller);
}

asio::awaitable<Outcome<Done>> Registry::dissociate(std::string domain,
                                                    std::string app,
                                                    Caller caller) {
  const auto turn = co_await state_->turn.take();
  if (!turn) co_return too_busy();
  State& state = *state_;
  domain = compared(domain);
  const auto found = state.inventory.associations.find({app, domain});
  if (found == state.inventory.associations.end())
    co_return refused(Refused::Kind::absent, fmt::format("{} does not serve {}.", domain, app));
  if (state.inventory.provisioned.associations.contains(found->first))
    co_return refused(Refused::Kind::read_only,
                      "That the domain serves the app stands in the configuration file: change it "
                      "there.");
  Alteration alteration{{state.write(kind::association, app + " " + domain, std::nullopt)},
                        [app, domain](Inventory& inventory) {
                          inventory.associations.erase({app, domain});
                        },
                        "domain dissociate",
                        domain,
                        "from " + app};
  co_return co_await state.carry_out(std::move(alteration), caller);
}

asio::awaitable<Outcome<Done>> Registry::rotate_key(std::string domain,
                                                    Rotation step,
                                                    Caller caller,
                                                    Expected expected) {
  const auto turn = co_await state_->turn.take();
  if (!turn) co_return too_busy();
  State& state = *state_;
  domain = compared(domain);
  const Domain* setup = state.inventory.setup(domain);
  if (setup == nullptr) co_return no_domain(domain);
  if (setup->signing == policy::SigningMode::ses)
    co_return invalid("SES signs for this domain and changes its keys by itself.");
  if (state.key_files.contains(domain))
    co_return refused(Refused::Kind::read_only,
                      "The domain's key is a file of the configuration: change `selector` and "
                      "`key_file` there.");
  if (auto changed =
          State::changed_since(expected, shown_domain(state.inventory, domain, nullptr)->version))
    co_return *changed;
  Live live = state.inventory.live[domain];
  Alteration alteration;
  alteration.target = domain;
  alteration.what = "domain rotate-key";
  const auto now = state.parts.clock.now();
  mail::Result<dkim::KeyRing> ring = mail::failure("");
  switch (step) {
    case Rotation::begin: {
      const auto selector = dkim::next_selector(live.learned.ring, selectors);
      if (!selector) co_return invalid("Two keys are in use already: the old one must go first.");
      auto key = co_await state.make_key(setup->algorithm, "", false);
      if (!key) co_return refused(Refused::Kind::failed, key.error().sentence());
      if (auto added = state.add_key(*key, domain, *selector, live, alteration); !added)
        co_return refused(Refused::Kind::conflict, added.error().sentence());
      ring = live.learned.ring;
      alteration.detail = "begun, selector " + *selector;
      break;
    }
    case Rotation::abandon:
      ring = dkim::abandon_rotation(live.learned.ring, now);
      alteration.detail = "abandoned";
      break;
    case Rotation::removed: {
      const auto old =
          std::ranges::find(live.learned.ring, dkim::KeyStage::removable, &dkim::KeyState::stage);
      if (old == live.learned.ring.end()) co_return invalid("No key's record may be removed now.");
      ring = dkim::record_removed(live.learned.ring, old->selector, now);
      alteration.detail = "the old record is removed";
      break;
    }
  }
  if (!ring) co_return refused(Refused::Kind::conflict, ring.error().sentence());
  live.learned.ring = *std::move(ring);
  for (spool::DocumentWrite& gone : state.drop_keys(domain, live))
    alteration.writes.push_back(std::move(gone));
  alteration.writes.push_back(state.write(kind::verification, domain, to_json(live.learned)));
  alteration.apply = [domain, live](Inventory& inventory) {
    inventory.live.insert_or_assign(domain, live);
  };
  co_return co_await state.carry_out(std::move(alteration), caller);
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

asio::awaitable<Outcome<Done>> Registry::remove_domain(std::string domain,
                                                       Caller caller,
                                                       Expected expected) {
  const auto turn = co_await state_->turn.take();
  if (!turn) co_return too_busy();
  State& state = *state_;
  domain = compared(domain);
  if (state.inventory.provisioned.domains.contains(domain))
    co_return refused(
        Refused::Kind::read_only,
        fmt::format("The domain {} stands in the configuration file: remove it there.", domain));
  if (!state.inventory.domains.contains(domain)) co_return no_domain(domain);
  if (auto changed =
          State::changed_since(expected, shown_domain(state.inventory, domain, nullptr)->version))
    co_return *changed;
  Alteration alteration;
  alteration.what = "domain remove";
  alteration.target = domain;
  alteration.writes = {state.write(kind::domain, domain, std::nullopt),
                       state.write(kind::verification, domain, std::nullopt)};
  Live emptied = state.inventory.live[domain];
  emptied.learned.ring.clear();
  for (spool::DocumentWrite& gone : state.drop_keys(domain, emptied))
    alteration.writes.push_back(std::move(gone));
  for (const auto& [pair, association] : state.inventory.associations)
    if (pair.second == domain)
      alteration.writes.push_back(
          state.write(kind::association, pair.first + " " + domain, std::nullopt));
  alteration.apply = [domain](Inventory& inventory) {
    inventory.domains.erase(domain);
    inventory.live.erase(domain);
    std::erase_if(inventory.associations,
                  [&](const auto& one) { return one.first.second == domain; });
  };
  co_return co_await state.carry_out(std::move(alteration), caller);
}

asio::awaitable<Outcome<std::string>> Registry::export_key(std::string domain,
                                                           std::string selector,
                                                           Caller caller) {
  const auto turn = co_await state_->turn.take();
  if (!turn) co_return too_busy();
  State& state = *state_;
  domain = compared(domain);
  const auto live = state.inventory.live.find(domain);
  if (live == state.inventory.live.end()) co_return no_domain(domain);
  const auto key = live->second.keys.find(selector);
  if (key == live->second.keys.end())
    co_return refused(Refused::Kind::absent,
                      fmt::format("{} has no key with the selector {}.", domain, selector));
  const dkim::PrivateKey exported = key->second.key;
  Alteration alteration{{}, [](Inventory&) {}, "domain export-key", domain, "selector " + selector};
  const auto done = co_await state.carry_out(std::move(alteration), caller);
  if (!done) co_return done.error();
  co_return exported.pem();
}

std::shared_ptr<const dkim::Signer> Registry::main_key(std::string_view domain) const {
  const auto live = state_->inventory.live.find(domain);
  if (live == state_->inventory.live.end() || live->second.learned.ring.empty()) return nullptr;
  const dkim::KeyRing& ring = live->second.learned.ring;
  const auto active = std::ranges::find(ring, dkim::KeyStage::active, &dkim::KeyState::stage);
  const auto key = live->second.keys.find((active == ring.end() ? ring.front() : *active).selector);
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
