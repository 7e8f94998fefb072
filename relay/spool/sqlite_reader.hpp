#pragma once

#include "relay/spool/intake.hpp"
#include "relay/spool/ledger.hpp"
#include "relay/spool/sqlite_queries.hpp"
#include "relay/spool/sqlite_store.hpp"
#include "relay/spool/store.hpp"

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace spool::sqlite {

/// Answers reads one after another on its thread (`run`), and quarantines what cannot be read.
class Reader {
 public:
  Reader(Queries& queries, Intake& intake, Ledger& ledger, const SqliteOptions& options)
      : queries_(queries), intake_(intake), ledger_(ledger), options_(options) {}

  /// Queues a read; false: as many wait as may, or stopped. Delivery's reads have room of their own
  /// beyond the bound, so that a flood of questions does not stop it.
  bool ask(std::function<void(Reader&)> read, bool delivery = false);
  void run();
  void stop();  ///< what waits is still answered

  std::vector<Job> lease(WallTime now, std::size_t most, std::uint64_t most_octets);
  std::optional<WallTime> next_due();
  std::vector<Trace> trace(const std::string& word);
  Octets octets(QueueId id);
  Counts counts();

  /// Answers one page of a listing: a bounded number of rows each time, then whatever else waits,
  /// then the next ones.
  struct Listing {
    Filter filter;
    std::vector<Entry> found;
    std::function<void(std::vector<Entry>)> done;
  };
  void list(const std::shared_ptr<Listing>& listing);

 private:
  void ask_again(std::function<void(Reader&)> read);
  std::optional<Job> read_job(QueueId id, WallTime now);
  void set_aside(QueueId id, const std::string& damage, WallTime now);
  bool fits(const Filter& filter, const Outline& outline) const;
  Entry shown(Entry entry) const;
  void note_failure();

  Queries& queries_;
  Intake& intake_;
  Ledger& ledger_;
  const SqliteOptions& options_;
  std::mutex mutex_;
  std::condition_variable asked_;
  std::deque<std::function<void(Reader&)>> reads_;
  bool stopped_ = false;
};

}  // namespace spool::sqlite
