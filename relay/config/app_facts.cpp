#include "relay/config/config.hpp"

#include <algorithm>
#include <map>

namespace config {
namespace {

policy::AppFacts facts_of(const App& app, const Config& config) {
  policy::AppFacts facts;
  facts.name = app.name;
  facts.contact = app.contact;
  facts.limits = app.limits;
  facts.rules = config.rules;
  facts.urgent_paths = app.urgent_paths;
  for (const Domain& domain : config.domains) {
    if (std::ranges::find(app.domains, domain.name) == app.domains.end()) continue;
    policy::SenderDomain sender;
    sender.name = domain.name;
    sender.subdomains = domain.subdomains;
    facts.domains.push_back(std::move(sender));
  }
  return facts;
}

}  // namespace

std::map<std::string, policy::AppFacts, std::less<>> app_facts(const Config& config) {
  std::map<std::string, policy::AppFacts, std::less<>> facts;
  for (const App& app : config.apps) facts.emplace(app.name, facts_of(app, config));
  return facts;
}

}  // namespace config
