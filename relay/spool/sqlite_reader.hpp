#pragma once

#include "relay/spool/ledger.hpp"
#include "relay/spool/sqlite_leasing.hpp"
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

/// Answers reads one after another on its thread (`run`).
class Reader {
 public:
  Reader(Queries& queries, Leasing& leasing, Ledger& ledger, const SqliteOptions& options)
      : queries_(queries), leasing_(leasing), ledger_(ledger), options_(options) {}

  /// Queues a read; false: as many wait as may, or stopped. Delivery's reads have room of their own
  /// beyond the bound, so that a flood of questions does not stop it.
  bool ask(std::function<void(Reader&)> read, bool delivery = false);
  void run();
  void stop();  ///< what waits is still answered

  [[nodiscard]] Leasing& leasing() noexcept { return leasing_; }
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
  bool fits(const Filter& filter, const Outline& outline) const;
  Entry shown(Entry entry) const;
  void note_failure();

  Queries& queries_;
  Leasing& leasing_;
  Ledger& ledger_;
  const SqliteOptions& options_;
  std::mutex mutex_;
  std::condition_variable asked_;
  std::deque<std::function<void(Reader&)>> reads_;
  bool stopped_ = false;
};

}  // namespace spool::sqlite
