#include "tests/unit/domains/site.hpp"

#include "relay/domains/documents.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>

namespace domains::test {

namespace {

constexpr std::chrono::seconds patience{30};

std::string_view word(Refused::Kind kind) {
  static constexpr std::array<std::string_view, 5> words{
      "absent", "conflict", "invalid", "read_only", "failed"};
  return words.at(static_cast<std::size_t>(kind));
}

std::string told_of(const App& app, const Catalog& catalog) {
  const auto credential = catalog.credentials.find(app.name);
  AppDocument document{app, credential == catalog.credentials.end() ? "" : credential->second};
  return fmt::format("{} {} {} provisioned {} password {} version {}",
                     app.name,
                     to_json(document),
                     to_json(app.standing),
                     app.provisioned,
                     app.has_password,
                     app.version);
}

std::string told_of(const Domain& domain) {
  std::string text = fmt::format(
      "{} {} {} provisioned {} trusted {} version {} challenge {} signer {} unsigned {}",
      domain.name,
      to_json(domain),
      to_json(Learned{domain.state, domain.ring, domain.identity, domain.trouble}),
      domain.provisioned,
      domain.trusted,
      domain.version,
      domain.challenge,
      domain.signer ? domain.signer->selector() + " " + domain.signer->key().public_record() : "no",
      domain.unsigned_why);
  for (const auto& [selector, record] : domain.public_records)
    text += fmt::format(" key {} {}", selector, record);
  return text;
}

}  // namespace

std::shared_ptr<const keystore::MasterKey> master_key_of(std::string_view text) {
  auto key = keystore::MasterKey::from_text(text);
  if (!key) throw std::logic_error("that is no master key");
  return std::make_shared<const keystore::MasterKey>(std::move(*key));
}

Site::Site() : master_key(master_key_of(master_key_text)) { settings.data_dir = directory.path(); }

Site::~Site() { close(); }

std::string Site::open() {
  auto opened = asked::open(asked::options_in(directory.path()), clock.now());
  store = std::move(opened.store);
  const auto note = [this](const std::string&, const policy::Transition& transition) {
    stood += fmt::format("{} > {}, ", policy::word(transition.from), policy::word(transition.to));
  };
  auto made = Registry::open(
      {context.get_executor(), *store, library, clock, master_key, [this] { ++changes; }, note},
      settings,
      std::move(opened.recovery.documents));
  if (!made) {
    store.reset();
    return made.error().sentence();
  }
  registry = *std::move(made);
  return {};
}

void Site::close() {
  if (store) store->close();
  registry.reset();
  store.reset();
}

void Site::keep(std::vector<spool::DocumentWrite> documents) {
  const auto opened = asked::open(asked::options_in(directory.path()), clock.now());
  for (auto next = documents.begin(); next != documents.end();) {
    const auto end = next + std::min<std::ptrdiff_t>(documents.end() - next, spool::most_writes);
    if (asked::write(*opened.store, {next, end}) != spool::Written::stored)
      throw std::runtime_error("the store took no documents");
    next = end;
  }
  opened.store->close();
}

void Site::reopen() {
  close();
  if (const std::string why = open(); !why.empty()) throw std::runtime_error(why);
}

mail::Result<std::function<void()>> Site::prepare(const config::Config& next) {
  return registry->prepare(next, run([this] { return registry->turn(); }));
}

void Site::reload() {
  const auto turn = run([this] { return registry->turn(); });
  registry->prepare(settings, turn).value()();
}

std::shared_ptr<const App> Site::app(std::string_view name) const {
  const auto now = catalog();
  const auto found = now->apps.find(name);
  return found == now->apps.end() ? nullptr : found->second;
}

std::shared_ptr<const Domain> Site::domain(std::string_view name) const {
  const auto now = catalog();
  const auto found = now->domains.find(name);
  return found == now->domains.end() ? nullptr : found->second;
}

void Site::wait(const std::function<asio::awaitable<void>()>& start) {
  bool ended = false;
  std::string thrown;
  net::spawn(
      context.get_executor(),
      start,
      [&](std::string_view what) { thrown = what; },
      [&ended] { ended = true; });
  if (!becomes([&] { return ended; })) throw std::runtime_error("the coroutine never ended");
  if (!thrown.empty()) throw std::runtime_error(thrown);
}

bool Site::becomes(const std::function<bool()>& so) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  context.restart();
  while (!so() && std::chrono::steady_clock::now() < deadline) {
    if (context.run_one_until(deadline) == 0) context.restart();
  }
  return so();
}

Outcome<Password> Site::add_app(const std::string& name, const std::string& owner) {
  NewApp app;
  app.name = name;
  app.owner = owner;
  return run([&] { return registry->add_app(app, somebody); });
}

Outcome<Done> Site::add_domain(const std::string& name, const std::string& app) {
  NewDomain domain;
  domain.name = name;
  domain.app = app;
  return add(std::move(domain));
}

Outcome<Done> Site::add(NewDomain domain) {
  domain.algorithm = dkim::Algorithm::ed25519_sha256;
  return run([&] { return registry->add_domain(domain, somebody); });
}

Outcome<Done> Site::associate(const std::string& domain, const std::string& app) {
  return run([&] { return registry->associate(domain, app, somebody); });
}

Outcome<Done> Site::dissociate(const std::string& domain, const std::string& app) {
  return run([&] { return registry->dissociate(domain, app, somebody); });
}

Outcome<Done> Site::rotate(const std::string& domain, Registry::Rotation step, Expected expected) {
  return run([&] { return registry->rotate_key(domain, step, somebody, expected); });
}

Outcome<Done> Site::remove_domain(const std::string& name, Expected expected) {
  return run([&] { return registry->remove_domain(name, somebody, expected); });
}

Outcome<std::string> Site::export_key(const std::string& domain, const std::string& selector) {
  return run([&] { return registry->export_key(domain, selector, somebody); });
}

Round Site::round(const std::string& name, policy::CheckResult result, dkim::Seen seen) const {
  Round round;
  round.domain = name;
  round.at = clock.now();
  for (const auto check :
       {policy::DomainCheck::ownership, policy::DomainCheck::dkim, policy::DomainCheck::identity})
    round.examination.results.at(static_cast<std::size_t>(check)) = result;
  round.identity.result = result;
  const auto looked_at = domain(name);
  for (const dkim::KeyState& key : looked_at->ring) {
    round.keys.emplace(key.selector, dkim::Observation{seen, true, true, std::chrono::hours(1)});
    round.key_ids.emplace(key.selector, key.id);
  }
  return round;
}

void Site::record(Round round) {
  wait([&] { return registry->record(std::move(round)); });
}

void Site::prove(const std::string& name) { record(round(name, policy::CheckResult::good)); }

void Site::prove_for(const std::string& name, std::chrono::seconds time) {
  prove(name);
  clock.pass(time);
  prove(name);
}

void Site::let_go_of(const std::string& name, const std::string& selector) {
  clock.pass(dkim::default_margin);
  prove(name);
  if (!rotate(name, Registry::Rotation::removed)) throw std::logic_error("the record is needed");
  clock.pass(std::chrono::hours(1));
  Round last = round(name, policy::CheckResult::good);
  last.keys.at(selector).seen = dkim::Seen::absent;
  record(last);
}

config::App Site::configured_app(const std::string& name, std::vector<std::string> domains) {
  config::App app;
  app.name = name;
  app.password = config::Secret("the password of " + name);
  app.domains = std::move(domains);
  return app;
}

config::Domain Site::configured_domain(const std::string& name) {
  config::Domain domain;
  domain.name = name;
  domain.selector = "p1";
  domain.algorithm = config::KeyAlgorithm::ed25519;
  return domain;
}

std::string Site::told() const {
  const auto now = catalog();
  std::string text;
  for (const auto& [name, app] : now->apps) text += told_of(*app, *now) + "\n";
  for (const auto& [name, domain] : now->domains) text += told_of(*domain) + "\n";
  for (const Association& one : now->associations)
    text += fmt::format("{} {} {}\n", one.app, one.domain, to_json(one));
  for (const Token& token : registry->tokens()) text += to_json(TokenDocument{token, ""}) + "\n";
  return text;
}

std::string Site::documents() {
  const auto reading = asked::open(asked::options_in(directory.path()), clock.now());
  std::string text;
  for (const spool::Document& one : reading.recovery.documents)
    text += fmt::format("{}{}/{}", text.empty() ? "" : ", ", one.kind, one.name);
  reading.store->close();
  return text;
}

std::string Site::audit() {
  std::string text;
  for (const spool::AuditRecord& one : asked::audit(*store))
    text += fmt::format("{}: {} {} ({})\n", one.who, one.what, one.target, one.detail);
  return text;
}

std::string Site::told(const Refused& refused) {
  return fmt::format("{}: {}", word(refused.kind), refused.sentence);
}

}  // namespace domains::test
