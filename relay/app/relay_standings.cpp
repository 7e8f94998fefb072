#include "mail/header_fields.hpp"
#include "relay/app/relay.hpp"

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

// What follows from a change of apps and domains: for the sessions, for delivery, for mail that
// waited.

namespace app {

/// Shows the series of every app and domain from the start.
void Relay::declare(const domains::Catalog& catalog) {
  for (const domains::Association& association : catalog.associations)
    metrics_.declare(association.app, association.domain);
  std::map<policy::DomainStatus, std::size_t> statuses;
  for (const auto& [name, domain] : catalog.domains) {
    metrics_.domain_checked(name, domain->state);
    ++statuses[domain->state.status];
  }
  for (const auto status : policy::domain_statuses) metrics_.domains(status, statuses[status]);
  std::map<policy::StandingState, std::size_t> states;
  for (const auto& [name, app] : catalog.apps) {
    metrics_.app_blocked(name, app->standing.blocked());
    ++states[app->standing.state()];
  }
  for (const auto state : policy::standing_states) metrics_.apps(state, states[state]);
}

void Relay::keep_standings() {
  const auto kept = notes_.find(StandingKeeper::account_note);
  standings_ = std::make_unique<StandingKeeper>(
      StandingKeeper::Parts{
          threads_.context(0).get_executor(),
          *store_,
          *registry_,
          clock_,
          metrics_,
          [this](std::string_view what) { recorder_.internal_error(what, "standing"); },
          [this](const notices::Alert& told) { alert(told); },
          [this] { return courier_services_->clock_steady.load(); }},
      settings_.reputation,
      kept == notes_.end() ? std::string_view() : kept->second);
}

bool Relay::is_own(std::string_view domain) const {
  const auto keyring = keyring_.get();
  if (!keyring) return false;  // the store opens before the catalog is there
  const std::string name = mail::to_lower(domain);
  for (std::string_view rest = name; !rest.empty();) {
    const auto own = keyring->domains.find(rest);
    if (own != keyring->domains.end() && own->second.may_send) return true;
    const auto dot = rest.find('.');
    rest = dot == std::string_view::npos ? std::string_view() : rest.substr(dot + 1);
  }
  return false;
}

void Relay::standings_changed() {
  const auto catalog = registry_->catalog();
  Standings standings = make_standings(settings_, *catalog, relay_tag_);
  const auto before = keyring_.get();
  for (const auto& [name, signing] : before->domains)
    if (!catalog->domains.contains(name)) metrics_.domain_removed(name);
  directory_.set(standings.directory);
  keyring_.set(standings.keyring);
  report_addresses_.set(standings.report_addresses);
  declare(*catalog);
  scheduler_->reloaded(std::move(standings.apportionment));
  if (front_door_) front_door_->announce_size(largest_message(*catalog));
  release_what_may_leave(*before, *standings.keyring);
}

/// Mail that waited for its domain, its key or its app goes on as soon as nothing stands against
/// it.
void Relay::release_what_may_leave(const delivery::Keyring& before,
                                   const delivery::Keyring& after) {
  for (const auto& [name, signing] : after.domains) {
    if (after.standing("", name, 0) || !before.standing("", name, 0)) continue;
    spool::Filter which;
    which.domain = name;
    for (const auto reason : {policy::Reason::domain, policy::Reason::signing})
      release(which, reason, "the domain is verified and its key confirmed");
  }
  // What a restriction that follows a block does not let go is held again when it is taken up.
  std::set<std::string, std::less<>> freer = before.blocked;
  for (const std::string& app : before.restricted)
    if (!after.restricted.contains(app)) freer.insert(app);
  for (const std::string& app : freer) {
    if (after.blocked.contains(app)) continue;
    spool::Filter which;
    which.app = app;
    release(which, policy::Reason::blocked, "the app is blocked or restricted no more");
  }
}

void Relay::release(spool::Filter which, policy::Reason reason, std::string detail) {
  spool::Order order;
  order.operation = spool::Operation::release;
  order.which = std::move(which);
  order.which.state = spool::State::held;
  order.which.reason = reason;
  order.now = clock_.now();
  order.detail = std::move(detail);
  scheduler_->order(std::move(order), [this](const spool::Ordered& ordered) {
    if (!ordered.complete) log_.error("the spool could not release all mail that it should");
  });
}

}  // namespace app
