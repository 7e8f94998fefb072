#include "relay/domains/catalog.hpp"

#include <algorithm>

namespace domains {

policy::StandingState Standing::state() const noexcept {
  return record.by_hand ? record.by_hand->state : record.state;
}

bool Standing::blocked() const noexcept { return state() == policy::StandingState::blocked; }

const std::string& Standing::why() const noexcept {
  return record.by_hand ? record.by_hand->reason : sentence;
}

std::vector<Association> Catalog::of_app(std::string_view app) const {
  std::vector<Association> found;
  std::ranges::copy_if(associations, std::back_inserter(found), [&](const Association& one) {
    return one.app == app;
  });
  return found;
}

std::vector<Association> Catalog::of_domain(std::string_view domain) const {
  std::vector<Association> found;
  std::ranges::copy_if(associations, std::back_inserter(found), [&](const Association& one) {
    return one.domain == domain;
  });
  return found;
}

policy::DomainSetup setup_of(const Domain& domain,
                             std::string_view region,
                             std::string_view report_address) {
  policy::DomainSetup setup;
  setup.name = domain.name;
  setup.signing = domain.signing;
  setup.dkim_tokens = domain.identity.dkim_tokens;
  setup.challenge = domain.challenge;
  setup.mail_from = domain.mail_from;
  setup.region = region;
  setup.report_address = report_address;
  for (const dkim::KeyState& key : domain.ring) {
    const auto record = domain.public_records.find(key.selector);
    if (record == domain.public_records.end()) continue;
    setup.selectors.push_back(
        {key.selector,
         record->second,
         key.stage == dkim::KeyStage::active,
         key.stage == dkim::KeyStage::removable || key.stage == dkim::KeyStage::gone});
  }
  return setup;
}

}  // namespace domains
