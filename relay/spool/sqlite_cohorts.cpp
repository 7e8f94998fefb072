#include "relay/spool/sqlite_cohorts.hpp"

#include "relay/spool/envelope_record.hpp"
#include "relay/spool/sqlite_sql.hpp"
#include "relay/spool/sqlite_values.hpp"

#include <algorithm>
#include <utility>

namespace spool::sqlite {

Cohorts::Cohorts(const Connection& connection, std::function<bool(std::string_view)> own_domain)
    : connection_(connection),
      own_domain_(std::move(own_domain)),
      sending_(connection, sql::sending),
      add_(connection, sql::add_to_cohort) {}

Wrote Cohorts::read(QueueId id, std::optional<Leaving>& leaving) {
  Rows rows(sending_, id.value());
  if (!rows.next()) return rows.failed() ? fault(connection_) : Wrote::yes;
  const bool is_notice = rows.integer(3) != 0;
  const auto envelope = decode_envelope(rows.text(2));
  if (!is_notice && envelope)
    leaving = Leaving{
        std::string(rows.text(0)),
        std::string(rows.text(1)),
        static_cast<std::uint64_t>(std::ranges::count_if(
            envelope->forward_paths, [this](const std::string& path) { return counts(path); }))};
  return Wrote::yes;
}

bool Cohorts::counts(std::string_view forward_path) const {
  return !own_domain_ || !own_domain_(forward_path.substr(forward_path.rfind('@') + 1));
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
