#pragma once

#include "relay/spool/intake.hpp"
#include "relay/spool/ledger.hpp"
#include "relay/spool/sqlite_connection.hpp"
#include "relay/spool/trace_key.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace spool::sqlite {

/// Turns an order into changes, a page at a time, from the newest entry to the oldest: so the
/// urgent ones leave a hold newest first, and what comes in meanwhile is not its. The writer's.
class Orders {
 public:
  Orders(Connection& connection, std::string_view trace_secret, const Ledger& ledger);

  [[nodiscard]] bool busy() const noexcept { return current_.has_value(); }
  /// Only while not busy.
  void begin(PendingOrder order);
  /// The changes of the next page, at most 500, which may be none; answers the order when there are
  /// no more pages. Only when the last page's changes are answered.
  std::vector<PendingChange> next_page();
  /// Answers the order as incomplete.
  void abandon();

 private:
  /// A row of a page.
  struct Candidate {
    QueueId id;
    std::string app, domain;
    std::optional<State> state;
    std::optional<policy::Reason> reason;
    WallTime accepted_at;
    bool urgent = false;
    std::uint32_t attempts = 0;
    std::string last_reply, upstream_id;
    std::optional<std::string> recipient;  ///< of an urgent one with a single recipient
  };
  static Candidate read(const Rows& rows);
  bool read_page(std::vector<Candidate>& page);
  bool pass_over();
  bool fits(const Candidate& candidate) const;
  PendingChange change_of(const Candidate& candidate);
  bool superseded(const Candidate& candidate);
  WallTime released_at(const Candidate& candidate);
  void finish(bool complete);

  Connection& connection_;
  Statement page_, known_before_;
  TraceKey key_;
  const Ledger& ledger_;
  std::optional<PendingOrder> current_;
  Ordered result_;
  QueueId before_;  ///< what is below is yet to be looked at
  QueueId tried_;   ///< that was begun with last after a page that could not be read
  bool ended_ = false;
  bool passed_over_ = false;  ///< something could not be read or written
  std::int64_t released_urgent_ = 0;
  std::unordered_set<std::int64_t> seen_;  ///< app and recipient of what the order released
};

}  // namespace spool::sqlite
