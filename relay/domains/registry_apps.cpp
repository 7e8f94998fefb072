#include "policy/address.hpp"
#include "relay/config/values.hpp"
#include "relay/domains/registry_state.hpp"
#include "relay/net/directory.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace domains {

namespace asio = net::asio;

namespace {

constexpr std::size_t max_tokens = 500;
constexpr std::size_t token_id_length = 8;
constexpr std::size_t longest_text = 500;

Refused no_app(std::string_view app) {
  return refused(Refused::Kind::absent, fmt::format("There is no app named {}.", app));
}

Refused in_the_file(std::string_view what) {
  return refused(Refused::Kind::read_only,
                 fmt::format("{} stands in the configuration file: change it there.", what));
}

/// What is wrong with a new app, or nothing.
std::optional<Refused> judge(const NewApp& app, const Inventory& inventory) {
  const auto invalid = [](std::string sentence) {
    return refused(Refused::Kind::invalid, std::move(sentence));
  };
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
  if (!app.configuration_set.empty() && !config::is_configuration_set(app.configuration_set))
    return invalid("A configuration set's name is 1 to 64 letters, digits, `-` and `_`.");
  if (app.domains.size() > max_associations_of_app)
    return invalid(fmt::format("An app has {} domains at most.", max_associations_of_app));
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
  const auto turn = co_await state_->turn.take();
  if (!turn) co_return too_busy();
  State& state = *state_;
  for (std::string& domain : app.domains)
    if (auto name = policy::normal_domain(domain)) domain = *std::move(name);
  std::ranges::sort(app.domains);
  app.domains.erase(std::ranges::unique(app.domains).begin(), app.domains.end());
  if (auto wrong = judge(app, state.inventory)) co_return *wrong;
  auto secret = random_secret();
  auto credential = secret ? hashed(*secret) : secret;
  if (!credential) co_return refused(Refused::Kind::failed, credential.error().sentence());
  const AppDocument document{app_of(app, state.parts.clock.now()), *credential};
  RegistryDocument numbers = state.inventory.registry;
  std::vector<Association> made;
  Alteration alteration;
  alteration.what = "app add";
  alteration.target = app.name;
  alteration.detail = fmt::format("owner {}", document.app.owner);
  alteration.writes.push_back(state.write(kind::app, app.name, to_json(document)));
  for (const std::string& domain : app.domains) {
    made.push_back({app.name, domain, ++numbers.associations, false});
    alteration.writes.push_back(
        state.write(kind::association, app.name + " " + domain, to_json(made.back())));
  }
  alteration.writes.push_back(state.write(kind::registry, "", to_json(numbers)));
  alteration.apply = [document, made, numbers](Inventory& inventory) {
    inventory.apps.insert_or_assign(document.app.name, document);
    inventory.registry = numbers;
    for (const Association& association : made)
      inventory.associations.insert_or_assign({association.app, association.domain}, association);
  };
  const auto done = co_await state.carry_out(std::move(alteration), caller);
  if (!done) co_return done.error();
  co_return Password{app.name, *secret};
}

asio::awaitable<Outcome<Password>> Registry::rotate_password(std::string app,
                                                             Caller caller,
                                                             Expected expected) {
  const auto turn = co_await state_->turn.take();
  if (!turn) co_return too_busy();
  State& state = *state_;
  if (state.inventory.provisioned.apps.contains(app)) co_return in_the_file("The app " + app);
  const auto found = state.inventory.apps.find(app);
  if (found == state.inventory.apps.end()) co_return no_app(app);
  if (auto changed = state.changed_since(expected, shown_app(state.inventory, app)->version))
    co_return *changed;
  auto secret = random_secret();
  auto credential = secret ? hashed(*secret) : secret;
  if (!credential) co_return refused(Refused::Kind::failed, credential.error().sentence());
  AppDocument document = found->second;
  document.credential = *credential;
  Alteration alteration{{state.write(kind::app, app, to_json(document))},
                        [document](Inventory& inventory) {
                          inventory.apps.insert_or_assign(document.app.name, document);
                        },
                        "app rotate-password",
                        app,
                        "a new password"};
  const auto done = co_await state.carry_out(std::move(alteration), caller);
  if (!done) co_return done.error();
  co_return Password{app, *secret};
}

asio::awaitable<Outcome<Done>> Registry::set_standing(
    std::string app, bool blocked, std::string why, Caller caller, Expected expected) {
  const auto turn = co_await state_->turn.take();
  if (!turn) co_return too_busy();
  State& state = *state_;
  const auto shown = shown_app(state.inventory, app);
  if (shown == nullptr) co_return no_app(app);
  if (auto changed = state.changed_since(expected, shown->version)) co_return *changed;
  if (why.size() > longest_text)
    co_return refused(Refused::Kind::invalid, "Give a reason of at most 500 octets.");
  const Standing standing{blocked, std::move(why)};
  Alteration alteration{{state.write(kind::standing, app, to_json(standing))},
                        [app, standing](Inventory& inventory) {
                          inventory.standings.insert_or_assign(app, standing);
                        },
                        blocked ? "app block" : "app unblock",
                        app,
                        standing.why};
  co_return co_await state.carry_out(std::move(alteration), caller);
}

asio::awaitable<Outcome<Done>> Registry::block_app(std::string app,
                                                   std::string why,
                                                   Caller caller,
                                                   Expected expected) {
  return set_standing(std::move(app), true, std::move(why), std::move(caller), expected);
}

asio::awaitable<Outcome<Done>> Registry::unblock_app(std::string app,
                                                     Caller caller,
                                                     Expected expected) {
  return set_standing(std::move(app), false, "", std::move(caller), expected);
}

asio::awaitable<Outcome<Done>> Registry::remove_app(std::string app,
                                                    Caller caller,
                                                    Expected expected) {
  const auto turn = co_await state_->turn.take();
  if (!turn) co_return too_busy();
  State& state = *state_;
  if (state.inventory.provisioned.apps.contains(app)) co_return in_the_file("The app " + app);
  if (!state.inventory.apps.contains(app)) co_return no_app(app);
  if (auto changed = state.changed_since(expected, shown_app(state.inventory, app)->version))
    co_return *changed;
  Alteration alteration;
  alteration.what = "app remove";
  alteration.target = app;
  alteration.writes.push_back(state.write(kind::app, app, std::nullopt));
  if (state.inventory.standings.contains(app))
    alteration.writes.push_back(state.write(kind::standing, app, std::nullopt));
  for (const auto& [pair, association] : state.inventory.associations)
    if (pair.first == app)
      alteration.writes.push_back(
          state.write(kind::association, app + " " + pair.second, std::nullopt));
  for (const auto& [id, token] : state.inventory.tokens)
    if (token.token.app == app)
      alteration.writes.push_back(state.write(kind::token, id, std::nullopt));
  alteration.apply = [app](Inventory& inventory) {
    inventory.apps.erase(app);
    inventory.standings.erase(app);
    std::erase_if(inventory.associations, [&](const auto& one) { return one.first.first == app; });
    std::erase_if(inventory.tokens, [&](const auto& one) { return one.second.token.app == app; });
  };
  co_return co_await state.carry_out(std::move(alteration), caller);
}

asio::awaitable<Outcome<NewToken>> Registry::add_token(Caller::Role role,
                                                       std::string app,
                                                       Caller caller) {
  const auto turn = co_await state_->turn.take();
  if (!turn) co_return too_busy();
  State& state = *state_;
  if ((role == Caller::Role::app) != !app.empty())
    co_return refused(Refused::Kind::invalid, "A token of an app names it, others name none.");
  if (!app.empty() && !state.inventory.has_app(app)) co_return no_app(app);
  if (state.inventory.tokens.size() >= max_tokens)
    co_return refused(Refused::Kind::invalid, "There are 500 tokens: remove some.");
  auto secret = random_secret();
  auto id = random_secret();
  auto credential = secret ? hashed(*secret) : secret;
  if (!id || !credential)
    co_return refused(Refused::Kind::failed, "The system gives no random octets.");
  std::erase_if(*id, [](char c) { return c == '-' || c == '_'; });
  id->resize(token_id_length);
  const TokenDocument document{{*id, role, app, caller.who, state.parts.clock.now()}, *credential};
  Alteration alteration{{state.write(kind::token, *id, to_json(document))},
                        [document](Inventory& inventory) {
                          inventory.tokens.insert_or_assign(document.token.id, document);
                        },
                        "token add",
                        *id,
                        app.empty() ? std::string("for all apps") : "for the app " + app};
  const auto done = co_await state.carry_out(std::move(alteration), caller);
  if (!done) co_return done.error();
  co_return NewToken{document.token, *id + "." + *secret};
}

asio::awaitable<Outcome<Done>> Registry::remove_token(std::string id, Caller caller) {
  const auto turn = co_await state_->turn.take();
  if (!turn) co_return too_busy();
  State& state = *state_;
  if (!state.inventory.tokens.contains(id))
    co_return refused(Refused::Kind::absent, "There is no such token.");
  Alteration alteration{{state.write(kind::token, id, std::nullopt)},
                        [id](Inventory& inventory) { inventory.tokens.erase(id); },
                        "token remove",
                        id,
                        ""};
  co_return co_await state.carry_out(std::move(alteration), caller);
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
