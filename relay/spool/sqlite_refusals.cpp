#include "relay/spool/sqlite_refusals.hpp"

#include "relay/spool/sqlite_sql.hpp"
#include "relay/spool/sqlite_values.hpp"

#include <algorithm>
#include <map>
#include <string>

namespace spool::sqlite {

Refusals::Refusals(Connection& connection, std::int64_t most)
    : connection_(connection),
      insert_(connection, sql::insert_refusal),
      count_(connection, sql::count_refusals),
      trim_(connection, sql::trim_refusals),
      most_(most),
      at_once_(std::max<std::int64_t>(most / 50, 1)),
      all_(most) {  // unknown: counted before the first is written
  Statement last(connection, sql::last_refusal);
  Rows rows(last);
  if (rows.next()) last_ = rows.integer(0);
}

Wrote Refusals::record(const policy::Event& refusal) {
  if (all_ >= most_ && !make_room()) return fault(connection_);
  const auto number = last_ + 1;
  if (!insert_.run(number,
                   refusal.reference,
                   to_milliseconds(refusal.at),
                   refusal.app,
                   refusal.domain,
                   reason_word(refusal.reason),
                   cut(refusal.detail)))
    return fault(connection_);
  last_ = number;  // stays so after a rollback: numbers may be left out
  ++all_;
  return Wrote::yes;
}

bool Refusals::make_room() {
  std::map<std::string, std::int64_t> of_app;
  all_ = 0;
  {
    Rows rows(count_);
    for (; rows.next(); all_ += rows.integer(1)) of_app.emplace(rows.text(0), rows.integer(1));
    if (rows.failed()) return false;
  }
  if (all_ < most_) return true;
  while (all_ > most_ - at_once_) {
    auto& [app, number] =
        *std::ranges::max_element(of_app, {}, [](const auto& each) { return each.second; });
    // Of several that have much the same, none loses all.
    const auto going = std::clamp<std::int64_t>(number / 10, 1, all_ - (most_ - at_once_));
    if (!trim_.run(app, going)) return false;
    number -= going;
    all_ -= going;
  }
  return true;
}

}  // namespace spool::sqlite
