#pragma once

#include "relay/spool/booking.hpp"
#include "relay/spool/sqlite_connection.hpp"
#include "relay/spool/trace_key.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace spool::sqlite {

inline constexpr char label_end = '\x1f';  ///< behind each label value of a tally

/// The reads of what the upstream told, none leaving a read transaction open. What cannot be read
/// is left out.
class FeedbackQueries {
 public:
  FeedbackQueries(const Connection& connection, std::string_view trace_secret);

  std::vector<Suppressed> suppressions(const SuppressionPage& page);
  /// Of each of these recipients, whether the app reached it on the day of `since` or later.
  std::vector<bool> reached(const std::string& app,
                            const std::vector<std::string>& forward_paths,
                            WallTime since);
  /// One pass over the cohorts of the longest window.
  std::optional<std::vector<SentSums>> sums(const SumsWanted& wanted);
  std::vector<Tally> tallies();
  /// Names the store without telling its secret.
  std::string relay_tag();

 private:
  TraceKey trace_key_;
  Statement suppressions_, reached_, sums_, tallies_;
};

}  // namespace spool::sqlite
