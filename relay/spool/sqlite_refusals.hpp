#pragma once

#include "relay/spool/sqlite_connection.hpp"
#include "relay/spool/sqlite_recorder.hpp"

#include <cstdint>

namespace spool::sqlite {

/// Writes refusals into the transaction that its caller has begun, and keeps their number within a
/// bound: the oldest of the app that has most of them make room (strangers, who are no app, count
/// as one), so that nobody's flood wipes what others were refused.
class Refusals {
 public:
  /// At most `most` are kept; a fiftieth of them goes at once.
  Refusals(Connection& connection, std::int64_t most);

  Wrote record(const policy::Event& refusal);

 private:
  bool make_room();

  Connection& connection_;
  Statement insert_, count_, trim_;
  const std::int64_t most_, at_once_;
  std::int64_t last_ = 0;
  /// As counted last, and those written since; some may have gone by age or a rollback.
  std::int64_t all_;
};

}  // namespace spool::sqlite
