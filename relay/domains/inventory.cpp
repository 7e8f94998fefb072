#include "relay/domains/inventory.hpp"

#include "relay/keystore/sealing.hpp"
#include "relay/net/directory.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>

namespace domains {

namespace {

/// A salted hash as net::Credential reads it.
mail::Result<std::string> hashed(std::string_view secret) {
  net::Credential::Salt salt{};
  if (RAND_bytes(salt.data(), static_cast<int>(salt.size())) != 1)
    return mail::failure("The system gives no random octets: check /dev/urandom.");
  return mail::Result<std::string>(boost::system::in_place_value,
                                   net::Credential(secret, salt).text());
}

std::string or_operator(const std::string& owner) {
  return owner.empty() ? std::string(operators) : owner;
}

App app_of(const config::App& configured) {
  App app;
  app.name = configured.name;
  app.owner = or_operator(configured.owner);
  app.contact = configured.contact;
  app.upstream = configured.upstream;
  app.configuration_set = configured.configuration_set;
  app.weight = configured.weight;
  app.limits = configured.limits;
  app.urgent_paths = configured.urgent_paths;
  app.provisioned = true;
  app.has_password = !configured.password.empty();
  return app;
}

Domain domain_of(const config::Domain& configured) {
  Domain domain;
  domain.name = configured.name;
  domain.owner = operators;
  domain.provisioned = true;
  domain.trusted = configured.trusted;
  domain.subdomains = configured.subdomains;
  domain.signing = configured.signing;
  domain.algorithm = algorithm_of(configured);
  domain.mail_from = configured.mail_from;
  return domain;
}

/// One document into the inventory.
class Intake {
 public:
  Intake(Inventory& into, const keystore::MasterKey* master_key, dkim::Library& library)
      : into_(into), master_key_(master_key), library_(library) {}

  mail::Result<void> take(const spool::Document& document) {
    into_.versions[{document.kind, document.name}] = document.version;
    const std::string& name = document.name;
    if (document.kind == kind::app) return keep(read_app(name, document.body), into_.apps[name]);
    if (document.kind == kind::standing)
      return keep(read_standing(document.body), into_.standings[name]);
    if (document.kind == kind::domain)
      return keep(read_domain(name, document.body), into_.domains[name]);
    if (document.kind == kind::verification)
      return keep(read_learned(document.body), into_.live[name].learned);
    if (document.kind == kind::token)
      return keep(read_token(name, document.body), into_.tokens[name]);
    if (document.kind == kind::registry) return keep(read_registry(document.body), into_.registry);
    if (document.kind == kind::association) return association(document);
    if (document.kind == kind::key) return key(document);
    return {};  // of a later version
  }

 private:
  template <class T>
  static mail::Result<void> keep(mail::Result<T> read, T& into) {
    if (!read) return read.error();
    into = std::move(*read);
    return {};
  }

  mail::Result<void> association(const spool::Document& document) {
    const auto read = read_association(document.name, document.body);
    if (!read) return read.error();
    into_.associations[{read->app, read->domain}] = *read;
    return {};
  }

  mail::Result<void> key(const spool::Document& document) {
    if (master_key_ == nullptr)
      return mail::failure("The store holds sealed keys: give `master_key_file`.");
    const auto space = document.name.find(' ');
    const auto pem = keystore::open(*master_key_, {kind::key, document.name}, document.body);
    if (!pem) return pem.error();
    auto key = dkim::read_key(pem->reveal(), true);
    if (!key) return key.error();
    const std::string domain = document.name.substr(0, space);
    const std::string selector = document.name.substr(space + 1);
    auto signer = dkim::make_signer(library_, *key, domain, selector);
    if (!signer) return signer.error();
    into_.live[domain].keys.insert_or_assign(
        selector, KeyMaterial{*key, std::make_shared<const dkim::Signer>(std::move(*signer))});
    return {};
  }

  Inventory& into_;
  const keystore::MasterKey* master_key_;
  dkim::Library& library_;
};

/// Why nothing may sign for the domain, one sentence; the signer where something may.
void choose_signer(const Live& live, Domain& domain) {
  const dkim::KeyRing& ring = live.learned.ring;
  const auto chosen = dkim::signing_key(ring);
  if (!chosen && !domain.trusted) {
    domain.unsigned_why = chosen.error().sentence();
    return;
  }
  // Who vouches for a domain vouches for its key: it signs without having been seen.
  const auto signs = domain.trusted ? dkim::vouched_key(ring) : std::optional(*chosen);
  if (!signs) return;
  const auto material = live.keys.find(ring[*signs].selector);
  if (material != live.keys.end()) domain.signer = material->second.signer;
}

}  // namespace

std::uint64_t Inventory::version(std::string_view kind, std::string_view name) const {
  const auto found = versions.find({std::string(kind), std::string(name)});
  return found == versions.end() ? 0 : found->second;
}

const Domain* Inventory::setup(std::string_view domain) const {
  const auto provisioned_one = provisioned.domains.find(domain);
  if (provisioned_one != provisioned.domains.end()) return &provisioned_one->second;
  const auto managed = domains.find(domain);
  return managed == domains.end() ? nullptr : &managed->second;
}

bool Inventory::has_app(std::string_view app) const {
  return provisioned.apps.contains(app) || apps.contains(app);
}

std::string Inventory::owner_of_app(std::string_view app) const {
  if (const auto found = provisioned.apps.find(app); found != provisioned.apps.end())
    return found->second.owner;
  const auto managed = apps.find(app);
  return managed == apps.end() ? std::string() : managed->second.app.owner;
}

std::size_t Inventory::serves(std::string_view app) const {
  return static_cast<std::size_t>(std::ranges::count_if(
      associations, [app](const auto& one) { return one.first.first == app; }));
}

dkim::Algorithm algorithm_of(const config::Domain& domain) {
  return domain.algorithm == config::KeyAlgorithm::ed25519 ? dkim::Algorithm::ed25519_sha256
                                                           : dkim::Algorithm::rsa_sha256;
}

std::string key_id(const dkim::PrivateKey& key) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  const std::string& record = key.public_record();
  SHA256(reinterpret_cast<const unsigned char*>(record.data()), record.size(), digest.data());
  return fmt::format("{:02x}", fmt::join(digest.begin(), digest.begin() + 8, ""));
}

std::string key_name(std::string_view domain, std::string_view selector) {
  return fmt::format("{} {}", domain, selector);
}

std::string association_name(std::string_view app, std::string_view domain) {
  return fmt::format("{} {}", app, domain);
}

mail::Result<Inventory> read_inventory(const std::vector<spool::Document>& documents,
                                       const keystore::MasterKey* master_key,
                                       dkim::Library& library) {
  Inventory inventory;
  Intake intake(inventory, master_key, library);
  for (const spool::Document& document : documents) {
    if (const auto taken = intake.take(document); !taken)
      return mail::failure(fmt::format("The store's document \"{} {}\" cannot be used: {}",
                                       document.kind,
                                       document.name,
                                       taken.error().sentence()));
  }
  return inventory;
}

mail::Result<std::string> random_secret() {
  static constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::array<std::uint8_t, 43> octets{};  // 6 bits of each: 258 in all
  if (RAND_bytes(octets.data(), static_cast<int>(octets.size())) != 1)
    return mail::failure("The system gives no random octets: check /dev/urandom.");
  std::string secret;
  for (const std::uint8_t octet : octets) secret.push_back(alphabet[octet & 63U]);
  OPENSSL_cleanse(octets.data(), octets.size());
  return mail::Result<std::string>(boost::system::in_place_value, std::move(secret));
}

mail::Result<Secret> make_secret() {
  auto text = random_secret();
  if (!text) return text.error();
  auto credential = hashed(*text);
  if (!credential) return credential.error();
  return Secret{*std::move(text), *std::move(credential)};
}

namespace {

/// The one that was made of the same password before, or a new one.
mail::Result<std::string> credential_of(const config::App& configured, const Provisioned& before) {
  const auto made = before.credentials.find(configured.name);
  if (made != before.credentials.end()) {
    const auto credential = net::Credential::parse(made->second);
    if (credential && credential->matches(configured.password.reveal()))
      return mail::Result<std::string>(boost::system::in_place_value, made->second);
  }
  return hashed(configured.password.reveal());
}

}  // namespace

mail::Result<Provisioned> read_provisioned(const config::Config& settings,
                                           const Provisioned& before) {
  Provisioned provisioned;
  for (const config::Upstream& upstream : settings.upstreams)
    provisioned.upstreams.push_back(upstream.name);
  for (const config::Domain& configured : settings.domains)
    provisioned.domains.emplace(configured.name, domain_of(configured));
  for (const config::App& configured : settings.apps) {
    const App& app = provisioned.apps.emplace(configured.name, app_of(configured)).first->second;
    for (const std::string& domain : configured.domains) {
      provisioned.associations.emplace(configured.name, domain);
      provisioned.domains.at(domain).owner = app.owner;
    }
    if (configured.password.empty()) continue;
    auto credential = credential_of(configured, before);
    if (!credential) return credential.error();
    provisioned.credentials.emplace(configured.name, std::move(*credential));
  }
  return provisioned;
}

std::shared_ptr<const App> shown_app(const Inventory& inventory, std::string_view name) {
  auto app = std::make_shared<App>();
  const auto provisioned = inventory.provisioned.apps.find(name);
  if (provisioned != inventory.provisioned.apps.end()) {
    *app = provisioned->second;
  } else {
    const auto managed = inventory.apps.find(name);
    if (managed == inventory.apps.end()) return nullptr;
    *app = managed->second.app;
    app->has_password = !managed->second.credential.empty();
  }
  if (const auto standing = inventory.standings.find(name); standing != inventory.standings.end()) {
    app->standing = standing->second;
  }
  app->version = inventory.version(kind::app, name) + inventory.version(kind::standing, name);
  return app;
}

std::shared_ptr<const Domain> shown_domain(const Inventory& inventory,
                                           std::string_view name,
                                           const keystore::MasterKey* master_key) {
  const Domain* setup = inventory.setup(name);
  if (setup == nullptr) return nullptr;
  auto domain = std::make_shared<Domain>(*setup);
  domain->version = inventory.version(kind::domain, name);
  if (master_key != nullptr) domain->challenge = master_key->challenge(name);
  if (const auto live = inventory.live.find(name); live != inventory.live.end()) {
    domain->version += live->second.learned.changes;
    domain->state = live->second.learned.state;
    domain->ring = live->second.learned.ring;
    domain->identity = live->second.learned.identity;
    domain->trouble = live->second.learned.trouble;
    domain->examination = live->second.examination;
    domain->dmarc = live->second.dmarc;
    domain->records = live->second.records;
    for (const auto& [selector, material] : live->second.keys)
      domain->public_records.emplace(selector, material.key.public_record());
    if (domain->signing == policy::SigningMode::local) choose_signer(live->second, *domain);
  }
  if (domain->trusted) {
    domain->state.status = policy::DomainStatus::verified;
    domain->trouble.clear();
  } else if (policy::may_send(domain->state.status)) {
    domain->trouble.clear();
  } else if (domain->trouble.empty()) {
    domain->trouble = fmt::format(
        "its DNS records have not been looked at yet: `postern domain verify {}` does", name);
  }
  return domain;
}

std::shared_ptr<const Catalog> make_catalog(const Inventory& inventory,
                                            const keystore::MasterKey* master_key) {
  auto catalog = std::make_shared<Catalog>();
  for (const auto& [name, app] : inventory.apps) {
    catalog->apps.emplace(name, shown_app(inventory, name));
    if (!app.credential.empty()) catalog->credentials.emplace(name, app.credential);
  }
  for (const auto& [name, app] : inventory.provisioned.apps) {
    catalog->apps.insert_or_assign(name, shown_app(inventory, name));
    catalog->credentials.erase(name);
  }
  for (const auto& [name, credential] : inventory.provisioned.credentials)
    catalog->credentials.insert_or_assign(name, credential);
  for (const auto& [name, domain] : inventory.domains)
    catalog->domains.emplace(name, shown_domain(inventory, name, master_key));
  for (const auto& [name, domain] : inventory.provisioned.domains)
    catalog->domains.insert_or_assign(name, shown_domain(inventory, name, master_key));
  for (const auto& [name, domain] : inventory.provisioned.contested)
    catalog->domains.emplace(name, std::make_shared<const Domain>(domain));
  for (const auto& [pair, association] : inventory.associations) {
    const auto app = catalog->apps.find(pair.first);
    const auto domain = catalog->domains.find(pair.second);
    // One that was under way when a configuration without its app came is still to be swept.
    if (app != catalog->apps.end() && domain != catalog->domains.end() &&
        app->second->owner == domain->second->owner)
      catalog->associations.push_back(association);
  }
  return catalog;
}

}  // namespace domains
