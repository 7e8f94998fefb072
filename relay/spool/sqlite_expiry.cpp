#include "relay/spool/sqlite_expiry.hpp"

#include "relay/spool/sqlite_sql.hpp"
#include "relay/spool/sqlite_values.hpp"

#include <algorithm>
#include <utility>

namespace spool::sqlite {
namespace {

constexpr std::int64_t expired_at_once = 200;
constexpr std::int64_t rows_of_a_lane = 50;
constexpr std::size_t most_damaged = 1000;

}  // namespace

Expiry::Expiry(Connection& connection, const Ledger& ledger)
    : connection_(connection),
      ledger_(ledger),
      finished_(connection, sql::finished),
      failed_content_(connection, sql::failed_content),
      delete_entry_(connection, sql::delete_entry),
      delete_events_(connection, sql::delete_events),
      delete_octets_(connection, sql::delete_octets),
      clear_envelope_(connection, sql::clear_envelope),
      delete_trace_keys_(connection, sql::delete_trace_keys),
      delete_refusals_(connection, sql::delete_refusals),
      delete_audit_(connection, sql::delete_audit),
      delete_booked_(connection, sql::delete_booked),
      delete_reached_(connection, sql::delete_reached),
      delete_cohorts_(connection, sql::delete_cohorts),
      delete_suppressions_(connection, sql::delete_suppressions) {}

Wrote Expiry::run(const Retention& retention, bool crowded, std::vector<Move>& moves, bool& more) {
  more = false;
  auto wrote = remove_finished(
      crowded ? std::max(retention.timeline, retention.crowded) : retention.timeline, moves, more);
  if (wrote == Wrote::yes) wrote = remove_content(retention.failed, more);
  if (wrote != Wrote::yes) return wrote;
  wrote = remove_old(delete_refusals_, to_milliseconds(retention.refusals), more);
  if (wrote == Wrote::yes)
    wrote = remove_old(delete_audit_, to_milliseconds(retention.audit), more);
  return wrote == Wrote::yes ? remove_feedback(retention, more) : wrote;
}

Wrote Expiry::remove_feedback(const Retention& retention, bool& more) {
  auto wrote = remove_old(delete_booked_, to_milliseconds(retention.booked), more);
  if (wrote == Wrote::yes) wrote = remove_old(delete_reached_, day_of(retention.reached), more);
  if (wrote == Wrote::yes) wrote = remove_old(delete_cohorts_, hour_of(retention.cohorts), more);
  if (wrote != Wrote::yes) return wrote;
  return remove_old(delete_suppressions_, to_milliseconds(retention.suppressions), more);
}

Wrote Expiry::remove_old(Statement& remove, std::int64_t before, bool& more) {
  const bool removed = remove.run(before, expired_at_once);
  more = removed && (more || connection_.changed_rows() == expired_at_once);
  return removed ? Wrote::yes : fault();
}

/// The oldest of all lanes: of each the first few, and of those only what is not younger than
/// something that was not read.
Wrote Expiry::remove_finished(WallTime before, std::vector<Move>& moves, bool& more) {
  std::vector<Finished> found;
  auto read_up_to = to_milliseconds(before);
  for (const auto state : {State::sent, State::failed}) {
    for (const auto& lane : ledger_.lanes(state)) {
      const auto already = found.size();
      const auto wrote = finished_of(state, lane, read_up_to, found);
      if (wrote != Wrote::yes) return wrote;
      if (found.size() - already < static_cast<std::size_t>(rows_of_a_lane)) continue;
      read_up_to = found.back().ended;
      more = true;
    }
  }
  std::erase_if(found, [&](const Finished& each) { return each.ended > read_up_to; });
  std::ranges::sort(found, {}, &Finished::ended);
  if (found.size() > static_cast<std::size_t>(expired_at_once)) {
    found.resize(static_cast<std::size_t>(expired_at_once));
    more = true;
  }
  for (auto& [removal, ended] : found) {
    if (!remove(removal.id.value())) return left_alone(removal.id.value(), damaged_, more);
    moves.push_back(std::move(removal));
  }
  return Wrote::yes;
}

bool Expiry::remove(std::int64_t id) {
  return delete_entry_.run(id) && delete_events_.run(id) && delete_octets_.run(id) &&
         delete_trace_keys_.run(id);
}

/// A row that cannot be removed is known as damaged from then on, and the rest goes without it.
/// With too many of them it may have been the disk: all are tried again at the next time.
Wrote Expiry::left_alone(std::int64_t id, std::set<std::int64_t>& known, bool& more) {
  more = false;
  if (fault() == Wrote::store_fault && !connection_.maybe_damage()) return Wrote::store_fault;
  more = known.size() < most_damaged;
  if (!more) known.clear();
  known.insert(id);
  return Wrote::item_fault;
}

std::int64_t Expiry::beyond_damaged(std::int64_t rows) const {
  return rows + static_cast<std::int64_t>(damaged_.size());
}

Wrote Expiry::finished_of(State state,
                          const Lane& lane,
                          std::int64_t before,
                          std::vector<Finished>& found) {
  Rows rows(finished_,
            word(state),
            lane.app,
            std::int64_t{lane.urgent ? 1 : 0},
            before,
            beyond_damaged(rows_of_a_lane));
  std::int64_t left = rows_of_a_lane;
  while (left > 0 && rows.next()) {
    if (damaged_.contains(rows.integer(0))) continue;
    --left;
    const auto size = static_cast<std::uint64_t>(rows.integer(2));
    found.push_back({{QueueId(rows.integer(0)), lane, size, Standing{state, {}}, std::nullopt},
                     rows.integer(1)});
  }
  return rows.failed() ? fault() : Wrote::yes;
}

/// Of what is damaged at least the envelope goes, if it can.
Wrote Expiry::remove_content(WallTime before, bool& more) {
  std::vector<std::int64_t> ids;
  {
    Rows rows(failed_content_, to_milliseconds(before), beyond_damaged(expired_at_once));
    while (rows.next())
      if (!kept_envelopes_.contains(rows.integer(0))) ids.push_back(rows.integer(0));
    if (rows.failed()) return fault();
  }
  more = more || ids.size() >= static_cast<std::size_t>(expired_at_once);
  for (const auto id : ids) {
    const bool damaged = damaged_.contains(id);
    if (clear_envelope_.run(id) && (damaged || delete_octets_.run(id))) continue;
    return left_alone(id, damaged ? kept_envelopes_ : damaged_, more);
  }
  return Wrote::yes;
}

}  // namespace spool::sqlite
