#include "policy/address.hpp"
#include "policy/public_suffix.hpp"
#include "relay/config/values.hpp"
#include "relay/domains/registry_state.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace domains {

namespace asio = net::asio;

namespace {

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

/// Why an app can have no further domain; nothing where it can.
std::optional<Refused> judge_right(const std::string& app, const Inventory& inventory) {
  if (inventory.serves(app) >= max_associations_of_app)
    return invalid(fmt::format("An app has {} domains at most.", max_associations_of_app));
  if (inventory.associations.size() >= max_associations) return invalid(too_many_associations());
  return std::nullopt;
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
  if (!domain.app.empty())
    if (auto full = judge_right(domain.app, inventory)) return full;
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
        domain.selector.empty() ? std::string(own_selectors.front()) : domain.selector;
    if (auto added = state.add_key(*key, domain.name, selector, live, alteration); !added)
      co_return invalid(added.error().sentence());
  }
  const Domain setup = domain_of(domain, now);
  alteration.writes.push_back(state.write(kind::domain, setup.name, to_json(setup)));
  alteration.writes.push_back(state.write(kind::verification, setup.name, to_json(live.learned)));
  std::optional<Association> association;
  RegistryDocument numbers = state.inventory.registry;
  if (!domain.app.empty()) {
    association = state.number(domain.app, setup.name, false, numbers, alteration.writes);
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

asio::awaitable<Outcome<Done>> Registry::associate(std::string domain,
                                                   std::string app,
                                                   Caller caller) {
  domain = compared(domain);
  const auto plan = [domain = std::move(domain),
                     app = std::move(app)](const State& state) -> Outcome<Alteration> {
    const Domain* setup = state.inventory.setup(domain);
    if (setup == nullptr) return no_domain(domain);
    if (!state.inventory.has_app(app))
      return refused(Refused::Kind::absent, fmt::format("There is no app named {}.", app));
    if (state.inventory.owner_of_app(app) != setup->owner)
      return invalid(fmt::format(
          "{} serves the apps of its own owner only, and {} is another's.", domain, app));
    if (state.inventory.associations.contains({app, domain})) return Alteration{};
    if (auto full = judge_right(app, state.inventory)) return *full;
    RegistryDocument numbers = state.inventory.registry;
    Alteration alteration;
    alteration.what = "domain associate";
    alteration.target = domain;
    alteration.detail = "with " + app;
    const Association made = state.number(app, domain, false, numbers, alteration.writes);
    alteration.writes.push_back(state.write(kind::registry, "", to_json(numbers)));
    alteration.apply = [made, numbers](Inventory& inventory) {
      inventory.associations.insert_or_assign({made.app, made.domain}, made);
      inventory.registry = numbers;
    };
    return alteration;
  };
  return state_->change(std::move(caller), plan);
}

asio::awaitable<Outcome<Done>> Registry::dissociate(std::string domain,
                                                    std::string app,
                                                    Caller caller) {
  domain = compared(domain);
  const auto plan = [domain = std::move(domain),
                     app = std::move(app)](const State& state) -> Outcome<Alteration> {
    const auto found = state.inventory.associations.find({app, domain});
    if (found == state.inventory.associations.end())
      return refused(Refused::Kind::absent, fmt::format("{} does not serve {}.", domain, app));
    if (state.inventory.provisioned.associations.contains(found->first))
      return refused(Refused::Kind::read_only,
                     "That the domain serves the app stands in the configuration file: change it "
                     "there.");
    return Alteration{{state.write(kind::association, association_name(app, domain), std::nullopt)},
                      [app, domain](Inventory& inventory) {
                        inventory.associations.erase({app, domain});
                      },
                      "domain dissociate",
                      domain,
                      "from " + app};
  };
  return state_->change(std::move(caller), plan);
}

asio::awaitable<Outcome<Done>> Registry::remove_domain(std::string domain,
                                                       Caller caller,
                                                       Expected expected) {
  domain = compared(domain);
  const auto plan = [=](const State& state) -> Outcome<Alteration> {
    const Inventory& inventory = state.inventory;
    if (inventory.provisioned.domains.contains(domain))
      return refused(
          Refused::Kind::read_only,
          fmt::format("The domain {} stands in the configuration file: remove it there.", domain));
    if (!inventory.domains.contains(domain)) return no_domain(domain);
    if (auto changed = changed_since(expected, shown_domain(inventory, domain, nullptr)->version))
      return *changed;
    Alteration alteration;
    alteration.what = "domain remove";
    alteration.target = domain;
    Live emptied = inventory.live.find(domain)->second;
    emptied.learned.ring.clear();
    alteration.writes = state.drop_keys(domain, emptied);
    alteration.writes.push_back(state.write(kind::domain, domain, std::nullopt));
    alteration.writes.push_back(state.write(kind::verification, domain, std::nullopt));
    state.remove_associations([&](const Association& one) { return one.domain == domain; },
                              alteration.writes);
    alteration.apply = [domain](Inventory& after) {
      after.domains.erase(domain);
      after.live.erase(domain);
      std::erase_if(after.associations,
                    [&](const auto& one) { return one.first.second == domain; });
    };
    return alteration;
  };
  return state_->change(std::move(caller), plan);
}

}  // namespace domains
