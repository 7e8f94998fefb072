#include "relay/spool/sqlite_cohorts.hpp"

#include "relay/spool/envelope_record.hpp"
#include "relay/spool/sqlite_sql.hpp"
#include "relay/spool/sqlite_values.hpp"

namespace spool::sqlite {

Cohorts::Cohorts(const Connection& connection)
    : connection_(connection),
      sending_(connection, sql::sending),
      add_(connection, sql::add_to_cohort) {}

Wrote Cohorts::read(QueueId id, std::optional<Leaving>& leaving) {
  Rows rows(sending_, id.value());
  if (!rows.next()) return rows.failed() ? fault(connection_) : Wrote::yes;
  const bool is_notice = rows.integer(3) != 0;
  const auto envelope = decode_envelope(rows.text(2));
  if (!is_notice && envelope)
    leaving = Leaving{
        std::string(rows.text(0)), std::string(rows.text(1)), envelope->forward_paths.size()};
  return Wrote::yes;
}

Wrote Cohorts::sent(const Leaving& leaving, WallTime at) {
  return add(leaving.app, leaving.domain, at, leaving.recipients, 0, 0);
}

Wrote Cohorts::came_back(std::string_view app,
                         std::string_view domain,
                         WallTime sent_at,
                         std::uint64_t bounces,
                         std::uint64_t complaints) {
  return add(app, domain, sent_at, 0, bounces, complaints);
}

Wrote Cohorts::add(std::string_view app,
                   std::string_view domain,
                   WallTime sent_at,
                   std::uint64_t sent,
                   std::uint64_t bounces,
                   std::uint64_t complaints) {
  const bool added = add_.run(hour_of(sent_at),
                              app,
                              domain,
                              static_cast<std::int64_t>(sent),
                              static_cast<std::int64_t>(bounces),
                              static_cast<std::int64_t>(complaints));
  return added ? Wrote::yes : fault(connection_);
}

}  // namespace spool::sqlite
