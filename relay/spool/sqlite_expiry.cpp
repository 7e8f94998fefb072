#include "relay/spool/sqlite_expiry.hpp"

#include "relay/spool/sqlite_sql.hpp"
#include "relay/spool/sqlite_values.hpp"

#include <algorithm>
#include <utility>

namespace spool::sqlite {
namespace {

constexpr std::int64_t rows_at_once = 200;
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
      delete_refusals_(connection, sql::delete_refusals) {}

Wrote Expiry::run(const Retention& retention, bool crowded, std::vector<Move>& moves, bool& more) {
  more = false;
  auto wrote = remove_finished(crowded ? WallTime::max() : retention.timeline, moves, more);
  if (wrote == Wrote::yes) wrote = remove_content(retention.failed, more);
  if (wrote != Wrote::yes) return wrote;
  if (!delete_refusals_.run(to_milliseconds(retention.refusals), rows_at_once)) return fault();
  more = more || connection_.changed_rows() == rows_at_once;
  return Wrote::yes;
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
  std::erase_if(found, [&](const Finished& each) {
    return each.ended > read_up_to || damaged_.contains(each.removal.id.value());
  });
  more = more && !found.empty();
  std::ranges::sort(found, {}, &Finished::ended);
  if (found.size() > static_cast<std::size_t>(rows_at_once)) {
    found.resize(static_cast<std::size_t>(rows_at_once));
    more = true;
  }
  for (auto& [removal, ended] : found) {
    if (!remove(removal.id.value())) return fault();
    moves.push_back(std::move(removal));
  }
  return Wrote::yes;
}

bool Expiry::remove(std::int64_t id) {
  if (delete_entry_.run(id) && delete_events_.run(id) && delete_octets_.run(id) &&
      delete_trace_keys_.run(id))
    return true;
  if (fault() == Wrote::item_fault && damaged_.size() < most_damaged) damaged_.insert(id);
  return false;
}

Wrote Expiry::finished_of(State state,
                          const Lane& lane,
                          std::int64_t before,
                          std::vector<Finished>& found) {
  Rows rows(
      finished_, word(state), lane.app, std::int64_t{lane.urgent ? 1 : 0}, before, rows_of_a_lane);
  while (rows.next()) {
    const auto size = static_cast<std::uint64_t>(rows.integer(2));
    found.push_back({{QueueId(rows.integer(0)), lane, size, Standing{state, {}}, std::nullopt},
                     rows.integer(1)});
  }
  return rows.failed() ? fault() : Wrote::yes;
}

Wrote Expiry::remove_content(WallTime before, bool& more) {
  std::vector<std::int64_t> ids;
  {
    Rows rows(failed_content_, to_milliseconds(before), rows_at_once);
    while (rows.next()) ids.push_back(rows.integer(0));
    if (rows.failed()) return fault();
  }
  more = more || ids.size() == static_cast<std::size_t>(rows_at_once);
  for (const auto id : ids)
    if (!clear_envelope_.run(id) || !delete_octets_.run(id)) return fault();
  return Wrote::yes;
}

}  // namespace spool::sqlite
