#pragma once

#include "mail/result.hpp"
#include "relay/spool/intake.hpp"
#include "relay/spool/ledger.hpp"
#include "relay/spool/sqlite_queries.hpp"
#include "relay/spool/sqlite_writer.hpp"
#include "relay/spool/store.hpp"

#include <string>

namespace spool::sqlite {

/// Counts the entries, and settles those in doubt before anything else runs: without a feed the
/// reply to their final dot can never come, so they are sent again; one that is damaged is
/// quarantined. Idempotent.
mail::Result<Recovery> recover(Queries& queries, Writer& writer, Ledger& ledger, WallTime now);

/// Sets an entry aside that cannot be delivered because of `damage`.
PendingChange quarantine(QueueId id, const std::string& damage, WallTime now);

}  // namespace spool::sqlite
