#include "relay/app/snapshot.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

namespace app {
namespace {

/// Names below `domain` that another owner has proved: they are not its to cover.
std::vector<std::string> foreign_names(const domains::Domain& domain,
                                       const domains::Catalog& catalog) {
  std::vector<std::string> names;
  if (!domain.subdomains) return names;
  const std::string below = "." + domain.name;
  for (const auto& [name, other] : catalog.domains)
    if (name.ends_with(below) && other->owner != domain.owner && !other->contested &&
        (other->trusted || other->state.proved))
      names.push_back(name);
  return names;
}

bool is_restricted(const domains::App& app) {
  return app.standing.state() == policy::StandingState::restricted;
}

policy::SenderDomain sender_domain(const domains::Domain& domain,
                                   const domains::Association& association,
                                   const domains::Catalog& catalog) {
  policy::SenderDomain sender;
  sender.name = domain.name;
  sender.subdomains = domain.subdomains;
  sender.status = domain.state.status;
  sender.trouble = domain.trouble;
  sender.foreign = foreign_names(domain, catalog);
  sender.signing_domain = domain.name;
  const auto mail_from = static_cast<std::size_t>(policy::DomainCheck::mail_from);
  // Only what was seen to be wrong counts against it: DMARC refuses on a positive answer alone.
  if (domain.state.checks[mail_from].last != policy::CheckResult::bad)
    sender.spf_domain = domain.mail_from;
  sender.dmarc = domain.dmarc;
  sender.association = association.number;
  return sender;
}

std::shared_ptr<const net::Directory> make_directory(const config::Config& settings,
                                                     const domains::Catalog& catalog) {
  auto directory = std::make_shared<net::Directory>();
  directory->duplicates_window = settings.duplicates_window;
  std::map<std::string, policy::AppFacts, std::less<>> apps;
  for (const auto& [name, app] : catalog.apps) {
    policy::AppFacts& facts = apps[name];
    facts.name = name;
    facts.contact = app->contact;
    facts.environment = app->environment;
    facts.blocked = app->standing.blocked();
    facts.restricted = is_restricted(*app);
    if (const auto& by_hand = app->standing.record.by_hand) {
      facts.standing_why = by_hand->reason;
      facts.standing_until = by_hand->until;
    }
    facts.limits = app->limits;
    facts.rules = settings.rules;
    facts.urgent_paths = app->urgent_paths;
  }
  for (const domains::Association& association : catalog.associations)
    apps.at(association.app)
        .domains.push_back(
            sender_domain(*catalog.domains.at(association.domain), association, catalog));
  for (auto& [name, facts] : apps)
    directory->apps.emplace(name, std::make_shared<const policy::AppFacts>(std::move(facts)));
  for (const auto& [name, text] : catalog.credentials)
    if (auto credential = net::Credential::parse(text))
      directory->credentials.emplace(name, *credential);
  return directory;
}

std::shared_ptr<const delivery::Keyring> make_keyring(const domains::Catalog& catalog,
                                                      const std::string& relay_tag) {
  auto keyring = std::make_shared<delivery::Keyring>();
  keyring->relay_tag = relay_tag;
  for (const auto& [name, domain] : catalog.domains)
    keyring->domains.emplace(name,
                             delivery::Signing{domain->signer,
                                               domain->signing == policy::SigningMode::ses,
                                               domain->unsigned_why,
                                               policy::may_send(domain->state.status)});
  for (const domains::Association& association : catalog.associations)
    keyring->associations.insert(association.number);
  for (const auto& [name, app] : catalog.apps) {
    if (app->standing.blocked()) keyring->blocked.insert(name);
    if (is_restricted(*app)) keyring->restricted.insert(name);
    if (!app->configuration_set.empty())
      keyring->configuration_sets.emplace(name, app->configuration_set);
  }
  return keyring;
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

std::shared_ptr<const delivery::ReportAddresses> report_addresses(const config::Config& settings,
                                                                  const domains::Catalog& catalog) {
  auto addresses = std::make_shared<delivery::ReportAddresses>();
  addresses->from = settings.relay_operator.from;
  addresses->domain = settings.relay_operator.domain;
  addresses->hostname = settings.hostname;
  addresses->operator_contact = settings.relay_operator.contact;
  for (const auto& [name, app] : catalog.apps)
    if (!app->contact.empty()) addresses->contacts.emplace(name, app->contact);
  return addresses;
}

delivery::Apportionment apportionment(const config::Config& settings,
                                      const domains::Catalog& catalog) {
  delivery::Apportionment shares;
  for (const auto& [name, app] : catalog.apps) {
    shares.apps.push_back(name);
    shares.weights.emplace(name, app->weight);
    const auto named =
        std::ranges::find(settings.upstreams, app->upstream, &config::Upstream::name);
    if (!app->upstream.empty() && named != settings.upstreams.end())
      shares.routes.emplace(name, named - settings.upstreams.begin());
  }
  return shares;
}

}  // namespace

Standings make_standings(const config::Config& settings,
                         const domains::Catalog& catalog,
                         const std::string& relay_tag) {
  return {make_directory(settings, catalog),
          make_keyring(catalog, relay_tag),
          report_addresses(settings, catalog),
          apportionment(settings, catalog)};
}

std::vector<std::shared_ptr<const config::Upstream>> upstream_settings(
    const config::Config& settings) {
  std::vector<std::shared_ptr<const config::Upstream>> upstreams;
  upstreams.reserve(settings.upstreams.size());
  for (const config::Upstream& upstream : settings.upstreams)
    upstreams.push_back(std::make_shared<const config::Upstream>(upstream));
  return upstreams;
}

std::shared_ptr<const smtp::RetryRules> retry_rules(const config::Config& settings) {
  auto rules = std::make_shared<smtp::RetryRules>();
  rules->first = settings.queue.retry_first;
  rules->max = settings.queue.retry_max;
  rules->expire = settings.queue.expire;
  rules->expire_urgent = settings.queue.expire_urgent;
  rules->hold_expire = settings.queue.hold_expire;
  rules->doubt.action = doubt_action(settings.in_doubt.action);
  rules->doubt.wait = settings.in_doubt.wait;
  return rules;
}

std::uint64_t largest_message(const domains::Catalog& catalog) {
  std::uint64_t largest = policy::Limits{}.message_size;
  for (const auto& [name, app] : catalog.apps)
    largest = std::max(largest, app->limits.message_size);
  return largest;
}

}  // namespace app
