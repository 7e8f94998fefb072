#include "relay/app/snapshot.hpp"

#include "relay/app/keys.hpp"

#include <openssl/rand.h>

#include <algorithm>
#include <string>
#include <utility>

namespace app {
namespace {

mail::Result<std::array<std::uint8_t, 16>> fresh_salt() {
  std::array<std::uint8_t, 16> salt{};
  if (RAND_bytes(salt.data(), static_cast<int>(salt.size())) != 1) {
    return mail::failure("The system gives no random octets: check /dev/urandom.");
  }
  return salt;
}

mail::Result<std::shared_ptr<const net::Directory>> make_directory(const config::Config& settings) {
  auto directory = std::make_shared<net::Directory>();
  directory->duplicates_window = settings.duplicates_window;
  for (auto& [name, facts] : config::app_facts(settings)) {
    directory->apps.emplace(name, std::make_shared<const policy::AppFacts>(std::move(facts)));
  }
  for (const config::App& app : settings.apps) {
    if (app.password.empty()) continue;
    const auto salt = fresh_salt();
    if (!salt) return salt.error();
    directory->credentials.emplace(app.name, net::Credential(app.password.reveal(), *salt));
  }
  return std::shared_ptr<const net::Directory>(std::move(directory));
}

mail::Result<std::shared_ptr<const delivery::Keyring>> make_keyring(
    const config::Config& settings, dkim::Library& library, std::vector<std::string>& notices) {
  auto keyring = std::make_shared<delivery::Keyring>();
  for (const config::Domain& domain : settings.domains) {
    bool made = false;
    const auto key = signing_key(domain, settings, made);
    if (!key) return key.error();
    if (made) {
      notices.push_back("a DKIM key was made for " + domain.name +
                        ": publish the TXT record that stands in " +
                        record_path(key_path(domain, settings.data_dir)).string());
    }
    auto signer = dkim::make_signer(library, *key, domain.name, domain.selector);
    if (!signer) return signer.error();
    keyring->signers.emplace(domain.name, std::make_shared<const dkim::Signer>(std::move(*signer)));
  }
  for (const config::App& app : settings.apps) {
    if (!app.configuration_set.empty())
      keyring->configuration_sets.emplace(app.name, app.configuration_set);
  }
  return std::shared_ptr<const delivery::Keyring>(std::move(keyring));
}

smtp::DoubtAction doubt_action(config::InDoubtAction action) {
  switch (action) {
    case config::InDoubtAction::automatic:
      return smtp::DoubtAction::automatic;
    case config::InDoubtAction::wait:
      return smtp::DoubtAction::wait;
    case config::InDoubtAction::resend:
      return smtp::DoubtAction::resend;
    case config::InDoubtAction::hold:
      return smtp::DoubtAction::hold;
  }
  return smtp::DoubtAction::automatic;
}

smtp::RetryRules retry_rules(const config::Config& settings) {
  smtp::RetryRules rules;
  rules.first = settings.queue.retry_first;
  rules.max = settings.queue.retry_max;
  rules.expire = settings.queue.expire;
  rules.expire_urgent = settings.queue.expire_urgent;
  rules.hold_expire = settings.queue.hold_expire;
  rules.doubt.action = doubt_action(settings.in_doubt.action);
  rules.doubt.wait = settings.in_doubt.wait;
  return rules;
}

delivery::ReportAddresses report_addresses(const config::Config& settings) {
  delivery::ReportAddresses addresses;
  addresses.from = settings.relay_operator.from;
  addresses.domain = settings.relay_operator.domain;
  addresses.hostname = settings.hostname;
  addresses.operator_contact = settings.relay_operator.contact;
  for (const config::App& app : settings.apps)
    if (!app.contact.empty()) addresses.contacts.emplace(app.name, app.contact);
  return addresses;
}

delivery::Apportionment apportionment(const config::Config& settings) {
  delivery::Apportionment shares;
  for (const config::App& app : settings.apps) {
    shares.apps.push_back(app.name);
    shares.weights.emplace(app.name, app.weight);
    const auto named = std::ranges::find(settings.upstreams, app.upstream, &config::Upstream::name);
    if (!app.upstream.empty() && named != settings.upstreams.end())
      shares.routes.emplace(app.name, named - settings.upstreams.begin());
  }
  return shares;
}

}  // namespace

mail::Result<Snapshot> make_snapshot(const config::Config& settings, dkim::Library& library) {
  Snapshot snapshot;
  auto directory = make_directory(settings);
  if (!directory) return directory.error();
  auto keyring = make_keyring(settings, library, snapshot.notices);
  if (!keyring) return keyring.error();
  snapshot.directory = std::move(*directory);
  snapshot.keyring = std::move(*keyring);
  for (const config::Upstream& upstream : settings.upstreams)
    snapshot.upstreams.push_back(std::make_shared<const config::Upstream>(upstream));
  snapshot.rules = std::make_shared<const smtp::RetryRules>(retry_rules(settings));
  snapshot.report_addresses =
      std::make_shared<const delivery::ReportAddresses>(report_addresses(settings));
  snapshot.apportionment = apportionment(settings);
  return snapshot;
}

}  // namespace app
