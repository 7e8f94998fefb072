#include "relay/delivery/hold_keeper.hpp"

#include "relay/delivery/change.hpp"
#include "relay/observe/log.hpp"

#include <utility>

namespace delivery {
namespace {

std::string whose(const Hold& hold) {
  return hold.domain.empty() ? "all mail of the upstream account" : "all mail of " + hold.domain;
}

}  // namespace

std::string note_of(const Route& route) { return "holds/" + route.settings.get()->name; }

void HoldKeeper::begin(const Route& route, const Hold& hold, const Apps& apps) {
  services_.log.error(
      "the upstream refuses: " + whose(hold) + " is held",
      {{"reason", policy::word(hold.reason)}, {"upstream", route.settings.get()->name}});
  tell(route, hold, true);
  save(route);
  carry_out(spool::Operation::hold, route, hold, apps);
}

void HoldKeeper::end(const Route& route, const Hold& hold, const Apps& apps) {
  services_.log.warn(
      "the upstream takes mail again: " + whose(hold) + " is released",
      {{"reason", policy::word(hold.reason)}, {"upstream", route.settings.get()->name}});
  tell(route, hold, false);
  carry_out(spool::Operation::release, route, hold, apps);
}

void HoldKeeper::tell(const Route& route, const Hold& hold, bool begins) {
  if (services_.holds.changed) services_.holds.changed(route.settings.get()->name, hold, begins);
}

void HoldKeeper::save(const Route& route) {
  services_.store.note(note_of(route), to_text(route.account.holds()));
}

void HoldKeeper::carry_out(spool::Operation operation,
                           const Route& route,
                           const Hold& hold,
                           const Apps& apps) {
  spool::Order order;
  order.operation = operation;
  order.now = services_.clock.now();
  order.until = held_until({}, *services_.rules.get(), order.now);
  order.reason = hold.reason;
  order.which.domain = hold.domain;
  const bool release = operation == spool::Operation::release;
  order.which.state = release ? spool::State::held : spool::State::queued;
  if (release) order.which.reason = hold.reason;
  order.detail = release ? "the upstream takes mail again" : "the upstream refuses " + whose(hold);
  auto orders = std::make_shared<std::vector<spool::Order>>();
  if (!apps) orders->push_back(order);
  for (const std::string& app : apps.value_or(std::vector<std::string>())) {
    order.which.app = app;
    orders->push_back(order);
  }
  next(std::move(orders), route);
}

/// One after the other, for the store lets few wait. Only when all is done is the hold's end noted:
/// a release that a stop cut short is made again after the next start.
void HoldKeeper::next(std::shared_ptr<std::vector<spool::Order>> orders, const Route& route) {
  if (orders->empty()) return save(route);
  spool::Order order = std::move(orders->back());
  orders->pop_back();
  services_.store.order(
      std::move(order),
      [this, &route, orders = std::move(orders)](const spool::Ordered& ordered) mutable {
        look_();
        if (ordered.complete) return next(std::move(orders), route);
        services_.log.error("the spool could not hold or release all mail that it should");
      });
}

}  // namespace delivery
