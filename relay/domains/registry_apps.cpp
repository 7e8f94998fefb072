#include "policy/address.hpp"
#include "relay/config/values.hpp"
#include "relay/domains/registry_state.hpp"
#include "relay/net/directory.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace domains {

namespace asio = net::asio;

namespace {

constexpr std::size_t token_id_length = 8;
constexpr std::size_t longest_text = 500;

Refused no_app(std::string_view app) {
  return refused(Refused::Kind::absent, fmt::format("There is no app named {}.", app));
}

/// What is wrong with the domains of a new app, or nothing.
std::optional<Refused> judge_domains(const NewApp& app, const Inventory& inventory) {
  if (app.domains.size() > max_associations_of_app)
    return invalid(fmt::format("An app has {} domains at most.", max_associations_of_app));
  if (inventory.associations.size() + app.domains.size() > max_associations)
    return invalid(too_many_associations());
  const std::string owner = app.owner.empty() ? std::string(operators) : app.owner;
  for (const std::string& domain : app.domains) {
    const Domain* setup = inventory.setup(domain);
    if (setup == nullptr || setup->owner != owner)
      return refused(
          Refused::Kind::absent,
          fmt::format(
              "{} has no domain {}: `postern domain add {}` first.", owner, domain, domain));
  }
  return std::nullopt;
}

/// What is wrong with a new app, or nothing.
std::optional<Refused> judge(const NewApp& app, const Inventory& inventory) {
  if (!config::is_app_name(app.name))
    return invalid("An app's name is 1 to 63 of a-z, 0-9 and `-`, not beginning with `-`.");
  if (!app.owner.empty() && !config::is_app_name(app.owner))
    return invalid("An owner's name is 1 to 63 of a-z, 0-9 and `-`, not beginning with `-`.");
  if (inventory.has_app(app.name))
    return refused(Refused::Kind::conflict, fmt::format("There is an app named {}.", app.name));
  if (inventory.apps.size() + inventory.provisioned.apps.size() >= max_apps)
    return invalid(fmt::format("There are {} apps, which is the most.", max_apps));
  if (!app.contact.empty() && !policy::parse_path(app.contact))
    return invalid(fmt::format("{} is no mail address.", app.contact));
  if (app.weight < 1 || app.weight > 1000) return invalid("A weight is a number from 1 to 1000.");
  const std::vector<std::string>& upstreams = inventory.provisioned.upstreams;
  if (!app.upstream.empty() && std::ranges::find(upstreams, app.upstream) == upstreams.end())
    return invalid(fmt::format("There is no upstream named {}: the configuration has {}.",
                               app.upstream,
                               fmt::join(upstreams, ", ")));
  if (!app.configuration_set.empty() && !config::is_configuration_set(app.configuration_set))
    return invalid("A configuration set's name is 1 to 64 letters, digits, `-` and `_`.");
  return judge_domains(app, inventory);
}

/// Why an app cannot be changed by command, or not by this caller: nothing where it can.
std::optional<Refused> judge_change(const Inventory& inventory,
                                    const std::string& app,
                                    const Expected& expected) {
  if (inventory.provisioned.apps.contains(app))
    return refused(
        Refused::Kind::read_only,
        fmt::format("The app {} stands in the configuration file: change it there.", app));
  if (!inventory.apps.contains(app)) return no_app(app);
  return changed_since(expected, shown_app(inventory, app)->version);
}

App app_of(const NewApp& given, WallTime now) {
  App app;
  app.name = given.name;
  app.owner = given.owner.empty() ? std::string(operators) : given.owner;
  app.contact = given.contact;
  app.upstream = given.upstream;
  app.configuration_set = given.configuration_set;
  app.weight = given.weight;
  app.limits = given.limits;
  app.added_at = now;
  return app;
}

}  // namespace

asio::awaitable<Outcome<Password>> Registry::add_app(NewApp app, Caller caller) {
  for (std::string& domain : app.domains)
    if (auto name = policy::normal_domain(domain)) domain = *std::move(name);
  std::ranges::sort(app.domains);
  app.domains.erase(std::ranges::unique(app.domains).begin(), app.domains.end());
  Password made{app.name, {}};
  const auto plan = [&](const State& state) -> Outcome<Alteration> {
    if (auto wrong = judge(app, state.inventory)) return *wrong;
    auto secret = make_secret();
    if (!secret) return refused(Refused::Kind::failed, secret.error().sentence());
    made.password = std::move(secret->text);
    const AppDocument document{app_of(app, state.parts.clock.now()), secret->credential};
    RegistryDocument numbers = state.inventory.registry;
    std::vector<Association> rights;
    rights.reserve(app.domains.size());
    Alteration alteration;
    alteration.what = "app add";
    alteration.target = app.name;
    alteration.detail = fmt::format("owner {}", document.app.owner);
    alteration.writes.push_back(state.write(kind::app, app.name, to_json(document)));
    for (const std::string& domain : app.domains)
      rights.push_back(state.number(app.name, domain, false, numbers, alteration.writes));
    alteration.writes.push_back(state.write(kind::registry, "", to_json(numbers)));
    alteration.apply = [document, rights, numbers](Inventory& inventory) {
      inventory.apps.insert_or_assign(document.app.name, document);
      inventory.registry = numbers;
      for (const Association& right : rights)
        inventory.associations.insert_or_assign({right.app, right.domain}, right);
    };
    return alteration;
  };
  const auto done = co_await state_->change(std::move(caller), plan);
  if (!done) co_return done.error();
  co_return made;
}

asio::awaitable<Outcome<Password>> Registry::rotate_password(std::string app,
                                                             Caller caller,
                                                             Expected expected) {
  Password made{app, {}};
  const auto plan = [&](const State& state) -> Outcome<Alteration> {
    if (auto wrong = judge_change(state.inventory, app, expected)) return *wrong;
    auto secret = make_secret();
    if (!secret) return refused(Refused::Kind::failed, secret.error().sentence());
    made.password = std::move(secret->text);
    AppDocument document = state.inventory.apps.find(app)->second;
    document.credential = secret->credential;
    return Alteration{{state.write(kind::app, app, to_json(document))},
                      [document](Inventory& inventory) {
                        inventory.apps.insert_or_assign(document.app.name, document);
                      },
                      "app rotate-password",
                      app,
                      "a new password"};
  };
  const auto done = co_await state_->change(std::move(caller), plan);
  if (!done) co_return done.error();
  co_return made;
}

asio::awaitable<Outcome<Done>> Registry::change_standing(
    std::string app, Step step, std::string what, Caller caller, Expected expected) {
  const auto plan = [app = std::move(app),
                     step = std::move(step),
                     what = std::move(what),
                     expected](const State& state) -> Outcome<Alteration> {
    const auto shown = shown_app(state.inventory, app);
    if (shown == nullptr) return no_app(app);
    if (auto changed = changed_since(expected, shown->version)) return *changed;
    const policy::StandingStep taken = step(shown->standing.record, state.parts.clock.now());
    const auto& transition = taken.transition;
    Standing standing{taken.standing, transition ? transition->sentence : shown->standing.sentence};
    if (standing == shown->standing) return Alteration{};
    return Alteration{{state.write(kind::standing, app, to_json(standing))},
                      [app, standing, transition, &state](Inventory& inventory) {
                        inventory.standings.insert_or_assign(app, standing);
                        if (transition && state.parts.stood) state.parts.stood(app, *transition);
                      },
                      what,
                      app,
                      standing.why()};
  };
  return state_->change(std::move(caller), plan);
}

asio::awaitable<Outcome<Done>> Registry::override_app(std::string app,
                                                      NewOverride decided,
                                                      Caller caller,
                                                      Expected expected) {
  if (decided.reason.size() > longest_text)
    co_return invalid("Give a reason of at most 500 octets.");
  const bool block = decided.state == policy::StandingState::blocked && !decided.lasts;
  const auto step = [=](policy::Standing found, WallTime now) {
    policy::StandingOverride by_hand{decided.state, now, std::nullopt, decided.reason};
    if (decided.lasts) by_hand.until = now + *decided.lasts;
    return policy::after_override(std::move(found), app, std::move(by_hand));
  };
  co_return co_await change_standing(
      app, step, block ? "app block" : "app override", std::move(caller), expected);
}

asio::awaitable<Outcome<Done>> Registry::release_app(std::string app,
                                                     std::string what,
                                                     Caller caller,
                                                     Expected expected) {
  const auto step = [app](policy::Standing found, WallTime now) {
    return policy::after_release(std::move(found), app, now);
  };
  return change_standing(std::move(app), step, std::move(what), std::move(caller), expected);
}

asio::awaitable<Outcome<Done>> Registry::remove_app(std::string app,
                                                    Caller caller,
                                                    Expected expected) {
  const auto plan = [=](const State& state) -> Outcome<Alteration> {
    if (auto wrong = judge_change(state.inventory, app, expected)) return *wrong;
    const auto of_app = [app](const auto& one) { return one.first.first == app; };
    const auto token_of_app = [app](const auto& one) { return one.second.token.app == app; };
    Alteration alteration;
    alteration.what = "app remove";
    alteration.target = app;
    alteration.writes.push_back(state.write(kind::app, app, std::nullopt));
    if (state.inventory.standings.contains(app))
      alteration.writes.push_back(state.write(kind::standing, app, std::nullopt));
    state.remove_associations([&](const Association& one) { return one.app == app; },
                              alteration.writes);
    for (const auto& one : state.inventory.tokens)
      if (token_of_app(one))
        alteration.writes.push_back(state.write(kind::token, one.first, std::nullopt));
    alteration.apply = [=](Inventory& inventory) {
      inventory.apps.erase(app);
      inventory.standings.erase(app);
      std::erase_if(inventory.associations, of_app);
      std::erase_if(inventory.tokens, token_of_app);
    };
    return alteration;
  };
  return state_->change(std::move(caller), plan);
}

asio::awaitable<Outcome<NewToken>> Registry::add_token(Caller::Role role,
                                                       std::string app,
                                                       Caller caller) {
  NewToken made;
  const auto plan = [&](const State& state) -> Outcome<Alteration> {
    if ((role == Caller::Role::app) != !app.empty())
      return invalid("A token of an app names it, others name none.");
    if (!app.empty() && !state.inventory.has_app(app)) return no_app(app);
    if (state.inventory.tokens.size() >= max_tokens)
      return invalid(fmt::format("There are {} tokens: remove some.", max_tokens));
    const auto secret = make_secret();
    auto id = random_secret();
    if (!id || !secret) return refused(Refused::Kind::failed, "The system gives no random octets.");
    std::erase_if(*id, [](char c) { return c == '-' || c == '_'; });
    id->resize(token_id_length);
    made = {{*id, role, app, caller.who, state.parts.clock.now()}, *id + "." + secret->text};
    const TokenDocument document{made.token, secret->credential, state.inventory.owner_of_app(app)};
    return Alteration{{state.write(kind::token, *id, to_json(document))},
                      [document](Inventory& inventory) {
                        inventory.tokens.insert_or_assign(document.token.id, document);
                      },
                      "token add",
                      *id,
                      app.empty() ? std::string("for all apps") : "for the app " + app};
  };
  const auto done = co_await state_->change(caller, plan);
  if (!done) co_return done.error();
  co_return made;
}

asio::awaitable<Outcome<Done>> Registry::remove_token(std::string id, Caller caller) {
  const auto plan = [id = std::move(id)](const State& state) -> Outcome<Alteration> {
    if (!state.inventory.tokens.contains(id))
      return refused(Refused::Kind::absent, "There is no such token.");
    return Alteration{{state.write(kind::token, id, std::nullopt)},
                      [id](Inventory& inventory) { inventory.tokens.erase(id); },
                      "token remove",
                      id,
                      ""};
  };
  return state_->change(std::move(caller), plan);
}

std::vector<Token> Registry::tokens() const {
  std::vector<Token> tokens;
  for (const auto& [id, document] : state_->inventory.tokens) tokens.push_back(document.token);
  return tokens;
}

std::optional<Caller> Registry::authenticate(std::string_view text) const {
  static const net::Credential nobody("", {});
  const auto dot = text.find('.');
  const auto found = state_->inventory.tokens.find(text.substr(0, dot));
  const bool known = dot != std::string_view::npos && found != state_->inventory.tokens.end();
  const auto credential = known ? net::Credential::parse(found->second.credential) : std::nullopt;
  const std::string_view secret = known ? text.substr(dot + 1) : text;
  const bool good = (credential ? *credential : nobody).matches(secret);
  if (!good || !credential) return std::nullopt;
  const Token& token = found->second.token;
  return Caller{token.role, token.app, "token " + token.id};
}

}  // namespace domains
