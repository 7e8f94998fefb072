#include "relay/spool/sqlite_feedback_queries.hpp"

#include "relay/spool/sqlite_sql.hpp"
#include "relay/spool/sqlite_values.hpp"
#include "relay/spool/suppression_record.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace spool::sqlite {
namespace {

constexpr std::size_t longest_page = 1000;

std::vector<std::string> labels_of(std::string_view joined) {
  std::vector<std::string> labels;
  for (std::size_t end = 0; (end = joined.find(label_end)) != std::string_view::npos;) {
    labels.emplace_back(joined.substr(0, end));
    joined.remove_prefix(end + 1);
  }
  return labels;
}

bool fits(const SuppressionPage& page, std::string_view app, std::string_view address) {
  return (page.app.empty() || page.app == app) && (page.address.empty() || page.address == address);
}

/// Adds an hour's mail to the windows that it falls in.
void add(const policy::Cohort& cohort, const SumsWanted& wanted, SentSums& sums) {
  const auto from = wanted.counted_from.find(sums.app);
  const WallTime counted_from = from == wanted.counted_from.end() ? WallTime() : from->second;
  sums.whole.resize(wanted.windows.size());
  sums.counted.resize(wanted.windows.size());
  for (std::size_t i = 0; i < wanted.windows.size(); ++i) {
    if (cohort.hour >= policy::window_start(wanted.windows[i], {}, wanted.now))
      sums.whole[i] += cohort.counts;
    if (cohort.hour >= policy::window_start(wanted.windows[i], counted_from, wanted.now))
      sums.counted[i] += cohort.counts;
  }
}

}  // namespace

FeedbackQueries::FeedbackQueries(const Connection& connection, std::string_view trace_secret)
    : trace_key_(trace_secret),
      suppressions_(connection, sql::suppressions_page),
      reached_(connection, sql::was_reached),
      sums_(connection, sql::cohorts_since),
      tallies_(connection, sql::tallies) {}

std::vector<Suppressed> FeedbackQueries::suppressions(const SuppressionPage& page) {
  std::vector<Suppressed> found;
  const auto most = std::min(page.limit, longest_page);
  auto [app, address] = page.after;
  if (app.empty() && address.empty()) app = page.app;
  Rows rows(suppressions_, app, address, static_cast<std::int64_t>(most_suppressed));
  while (found.size() < most && rows.next()) {
    if (!page.app.empty() && rows.text(0) > page.app) break;
    if (!fits(page, rows.text(0), rows.text(1))) continue;
    if (auto record = decode_suppression(rows.text(2)))
      found.push_back({std::string(rows.text(0)), std::string(rows.text(1)), *record});
  }
  return found;
}

std::vector<bool> FeedbackQueries::reached(const std::string& app,
                                           const std::vector<std::string>& forward_paths,
                                           WallTime since) {
  std::vector<bool> known;
  for (const std::string& path : forward_paths) {
    Rows rows(reached_, app, trace_key_.of(path), day_of(since));
    known.push_back(rows.next());
  }
  return known;
}

std::optional<std::vector<SentSums>> FeedbackQueries::sums(const SumsWanted& wanted) {
  std::map<std::pair<std::string, std::string>, SentSums> found;
  const auto longest = std::ranges::max_element(wanted.windows);
  if (longest == wanted.windows.end()) return std::nullopt;
  Rows rows(sums_, hour_of(wanted.now - *longest));
  while (rows.next()) {
    SentSums& sums = found[{std::string(rows.text(1)), std::string(rows.text(2))}];
    sums.app = rows.text(1);
    sums.domain = rows.text(2);
    add({WallTime(std::chrono::hours(rows.integer(0))),
         {static_cast<std::uint64_t>(rows.integer(3)),
          static_cast<std::uint64_t>(rows.integer(4)),
          static_cast<std::uint64_t>(rows.integer(5))}},
        wanted,
        sums);
  }
  if (rows.failed()) return std::nullopt;
  std::vector<SentSums> sums;
  sums.reserve(found.size());
  for (auto& [of, each] : found) sums.push_back(std::move(each));
  return sums;
}

std::vector<Tally> FeedbackQueries::tallies() {
  std::vector<Tally> found;
  Rows rows(tallies_);
  while (rows.next())
    found.push_back({std::string(rows.text(0)),
                     labels_of(rows.text(1)),
                     static_cast<std::uint64_t>(rows.integer(2))});
  return found;
}

std::string FeedbackQueries::relay_tag() { return QueueId(trace_key_.of("relay tag")).text(); }

}  // namespace spool::sqlite
