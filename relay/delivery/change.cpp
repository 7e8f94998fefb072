#include "relay/delivery/change.hpp"

#include "relay/delivery/hold_warnings.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace delivery {
namespace {

constexpr std::chrono::hours hold_look{4};

spool::State state_of(smtp::Fate fate) {
  switch (fate) {
    case smtp::Fate::sent:
      return spool::State::sent;
    case smtp::Fate::retry:
      return spool::State::queued;
    case smtp::Fate::hold:
      return spool::State::held;
    case smtp::Fate::doubt:
      return spool::State::in_doubt;
    case smtp::Fate::fail:
      return spool::State::failed;
  }
  return spool::State::queued;
}

}  // namespace

spool::Change change_of(const spool::Entry& entry,
                        spool::State to,
                        policy::EventKind event,
                        spool::WallTime now) {
  spool::Change change;
  change.id = entry.id;
  change.to = to;
  change.next_attempt = now;
  change.attempts = entry.attempts;
  change.last_reply = entry.last_reply;
  change.event.kind = event;
  change.event.at = now;
  change.event.queue_id = entry.id.text();
  change.event.app = entry.app;
  change.event.domain = entry.domain;
  return change;
}

spool::Change change_of(const spool::Entry& entry,
                        const smtp::Settlement& settlement,
                        spool::WallTime now) {
  spool::Change change = change_of(entry, state_of(settlement.fate), settlement.event, now);
  change.reason = change.event.reason = settlement.reason;
  change.next_attempt = now + settlement.retry_in;
  change.attempts = settlement.attempts;
  return change;
}

spool::WallTime held_until(const spool::Entry& entry,
                           const smtp::RetryRules& rules,
                           spool::WallTime now) {
  return std::min(now + hold_look,
                  HoldTimes(entry.held_since.value_or(now), rules.hold_expire).next(now));
}

spool::Change settled_by_event(spool::QueueId id, std::string upstream_id, spool::WallTime now) {
  constexpr auto bit = [](spool::State state) { return 1U << static_cast<unsigned>(state); };
  spool::Change change;
  change.id = id;
  change.to = spool::State::sent;
  change.only_from = static_cast<std::uint8_t>(bit(spool::State::in_doubt) |
                                               bit(spool::State::queued) | bit(spool::State::held));
  change.upstream_id = std::move(upstream_id);
  change.event.kind = policy::EventKind::settled;
  change.event.at = now;
  change.event.queue_id = id.text();
  change.event.detail = "the upstream's event says that it has the message";
  return change;
}

}  // namespace delivery
