#include "relay/delivery/hold_keeper.hpp"

#include "relay/observe/log.hpp"
#include "relay/observe/metrics.hpp"

#include <utility>

namespace delivery {
namespace {

std::string whose(const Hold& hold) {
  return hold.domain.empty() ? "all mail of the upstream account" : "all mail of " + hold.domain;
}

}  // namespace

std::string note_of(const Route& route) { return "holds/" + route.settings.get()->name; }

void HoldKeeper::begin(const Route& route, const Hold& hold, const std::vector<std::string>& apps) {
  services_.log.error(
      "the upstream refuses: " + whose(hold) + " is held",
      {{"reason", policy::word(hold.reason)}, {"upstream", route.settings.get()->name}});
  save(route);
  order(spool::Operation::hold, hold, apps);
}

void HoldKeeper::end(const Route& route, const Hold& hold, const std::vector<std::string>& apps) {
  services_.log.warn(
      "the upstream takes mail again: " + whose(hold) + " is released",
      {{"reason", policy::word(hold.reason)}, {"upstream", route.settings.get()->name}});
  save(route);
  order(spool::Operation::release, hold, apps);
}

void HoldKeeper::save(const Route& route) {
  const auto holds = route.account.holds();
  services_.store.note(note_of(route), to_text(holds));
  std::optional<policy::Reason> trouble;
  for (const Hold& hold : holds)
    if (hold.domain.empty()) trouble = hold.reason;
  services_.metrics.upstream_account(trouble);
}

void HoldKeeper::order(spool::Operation operation,
                       const Hold& hold,
                       const std::vector<std::string>& apps) {
  spool::Order order;
  order.operation = operation;
  order.now = services_.clock.now();
  order.until = order.now + services_.rules.get()->hold_expire;
  order.reason = hold.reason;
  order.which.domain = hold.domain;
  const bool release = operation == spool::Operation::release;
  order.which.state = release ? spool::State::held : spool::State::queued;
  if (release) order.which.reason = hold.reason;
  order.detail = release ? "the upstream takes mail again" : "the upstream refuses " + whose(hold);
  const auto done = [this, release](const spool::Ordered& result) {
    if (!result.complete)
      services_.log.error("the spool could not carry out a hold or release of all mail");
    if (release) look_();
  };
  if (apps.empty()) return services_.store.order(order, done);
  for (const std::string& app : apps) {
    order.which.app = app;
    services_.store.order(order, done);
  }
}

}  // namespace delivery
