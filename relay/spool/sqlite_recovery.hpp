#pragma once

#include "mail/result.hpp"
#include "relay/spool/ledger.hpp"
#include "relay/spool/repeats.hpp"
#include "relay/spool/sqlite_connection.hpp"
#include "relay/spool/sqlite_feedback_queries.hpp"
#include "relay/spool/sqlite_queries.hpp"
#include "relay/spool/store.hpp"

namespace spool::sqlite {

/// Counts the entries and reads notes, documents and the counters of feedback. Writes nothing: an
/// entry in doubt stays so, with the time at which it is looked at again.
mail::Result<Recovery> recover(Queries& queries, FeedbackQueries& feedback, Ledger& ledger);

/// Reads which messages were accepted since then, the newest if they are too many.
void recall(Connection& connection, WallTime since, std::size_t most, Repeats& repeats);

}  // namespace spool::sqlite
