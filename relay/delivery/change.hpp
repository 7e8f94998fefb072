#pragma once

#include "policy/event.hpp"
#include "relay/proto/settlement.hpp"
#include "relay/spool/entry.hpp"

namespace delivery {

/// A change of an entry with its event, everything else as it stands.
[[nodiscard]] spool::Change change_of(const spool::Entry& entry,
                                      spool::State to,
                                      policy::EventKind event,
                                      spool::WallTime now);

/// What a settlement makes of an entry.
[[nodiscard]] spool::Change change_of(const spool::Entry& entry,
                                      const smtp::Settlement& settlement,
                                      spool::WallTime now);

/// When a held entry whose hold others end is looked at all the same, should nobody have ended it:
/// after some hours, at the next of its HoldTimes at the latest.
[[nodiscard]] spool::WallTime held_until(const spool::Entry& entry,
                                         const smtp::RetryRules& rules,
                                         spool::WallTime now);

/// The upstream's own event says that it has the message, so the entry is not in doubt any more. It
/// does not apply to one that is leased: Doubts keeps the event for its courier.
[[nodiscard]] spool::Change settled_by_event(spool::QueueId id,
                                             std::string upstream_id,
                                             spool::WallTime now);

}  // namespace delivery
