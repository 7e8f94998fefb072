#pragma once

#include "relay/spool/ledger.hpp"
#include "relay/spool/sqlite_feedback_queries.hpp"
#include "relay/spool/sqlite_leasing.hpp"
#include "relay/spool/sqlite_queries.hpp"
#include "relay/spool/sqlite_store.hpp"
#include "relay/spool/store.hpp"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace spool::sqlite {

/// Answers reads one after another on its thread (`run`).
class Reader {
 public:
  Reader(Queries& queries,
         FeedbackQueries& feedback,
         Leasing& leasing,
         Ledger& ledger,
         const SqliteOptions& options)
      : queries_(queries),
        feedback_(feedback),
        leasing_(leasing),
        ledger_(ledger),
        options_(options) {}

  /// Queues a read; false: as many wait as may, or stopped. Delivery's reads have a queue of their
  /// own, so that a flood of questions does not stop it.
  bool ask(std::function<void(Reader&)> read, bool delivery = false);
  void run();
  void stop();  ///< what waits is called once more, to be answered with nothing
  [[nodiscard]] bool stopped() const noexcept { return stopped_; }

  [[nodiscard]] Leasing& leasing() noexcept { return leasing_; }
  [[nodiscard]] FeedbackQueries& feedback() noexcept { return feedback_; }
  Octets octets(QueueId id);
  Counts counts();
  std::vector<AuditRecord> audit(AuditPage page);
  std::vector<NumberedRefusal> refusals(std::int64_t after, std::int64_t until, std::size_t limit);

  /// Answers one page of a listing: a bounded number of rows each time, then whatever else waits,
  /// then the next ones.
  struct Listing {
    Filter filter;
    std::vector<Entry> found;
    std::function<void(std::vector<Entry>)> done;
    QueueId tried{0};  ///< that was begun with last after a page that could not be read
  };
  void list(const std::shared_ptr<Listing>& listing);

  /// Answers a trace like a listing, a slice of time each time, from the newest to the oldest.
  struct Tracing {
    std::string word, app;
    std::function<void(std::vector<Trace>)> done;
    std::vector<QueueId> ids;
    QueueId below{std::numeric_limits<std::int64_t>::max()};
  };
  void trace(const std::shared_ptr<Tracing>& tracing);

 private:
  void ask_again(std::function<void(Reader&)> read);
  bool fits(const Filter& filter, const Outline& outline) const;
  Entry shown(Entry entry) const;
  std::vector<Trace> found(const Tracing& tracing);
  void note_failure();

  Queries& queries_;
  FeedbackQueries& feedback_;
  Leasing& leasing_;
  Ledger& ledger_;
  const SqliteOptions& options_;
  std::mutex mutex_;
  std::condition_variable asked_;
  std::deque<std::function<void(Reader&)>> deliveries_, reads_;
  std::atomic<bool> stopped_{false};
};

}  // namespace spool::sqlite
