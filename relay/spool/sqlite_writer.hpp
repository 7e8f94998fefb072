#pragma once

#include "relay/spool/intake.hpp"
#include "relay/spool/ledger.hpp"
#include "relay/spool/sqlite_connection.hpp"
#include "relay/spool/sqlite_recorder.hpp"
#include "relay/spool/sqlite_store.hpp"

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace spool::sqlite {

/// Commits what has gathered in the intake, and lives with a disk that is full or failing. `run` is
/// its thread's body; only writable() may be asked from other threads.
class Writer {
 public:
  /// `commit_failed` is called so that a checkpoint may make room in the log.
  Writer(Connection& connection,
         std::string_view trace_secret,
         Intake& intake,
         Ledger& ledger,
         const SqliteOptions& options,
         std::function<void()> commit_failed);

  /// Commits these at once: recovery's way, before `run`. False: they could not be written, see the
  /// connection.
  bool commit_now(std::vector<PendingChange> changes);
  void run();
  [[nodiscard]] bool writable() const noexcept { return writable_.load(std::memory_order_relaxed); }

 private:
  /// How each item of a batch fared.
  struct Verdicts {
    explicit Verdicts(const Batch& batch)
        : accepts(batch.accepts.size(), Wrote::yes),
          changes(batch.changes.size(), Wrote::yes),
          refusals(batch.refusals.size(), Wrote::yes) {}
    std::vector<Wrote> accepts, changes, refusals;
    bool more_to_expire = false;
  };

  bool work_once();
  bool retry_once();
  bool commit(Batch& batch);
  bool write_batch(const Batch& batch, Verdicts& verdicts);
  Wrote write_items(const Batch& batch, Verdicts& verdicts);
  template <class Items, class Write>
  Wrote write_each(const Items& items, std::vector<Wrote>& verdicts, const Write& write);
  bool probe();

  void answer(const Batch& batch, const Verdicts& verdicts);
  void answer(const Ticket& ticket, Accepted accepted);
  void answer(const PendingChange& change, Wrote wrote);
  void keep(Batch& batch);
  void fail_everything();

  void note_failing();
  void note_working();
  void check_reserve();
  void give_back();
  void say(const std::function<void(const std::string&)>& sink, const std::string& sentence) const;

  Connection& connection_;
  Recorder recorder_;
  Statement begin_, commit_, rollback_, touch_;
  Intake& intake_;
  Ledger& ledger_;
  const SqliteOptions& options_;
  std::function<void()> commit_failed_;
  std::vector<PendingChange> kept_;  ///< the changes of the commit that failed, oldest first
  std::string trouble_;              ///< SQLite's words for the last failure
  bool failing_ = false;
  int unchecked_commits_ = 0;
  bool low_ = false;  ///< less free than the reserve
  std::atomic<bool> writable_{true};
};

}  // namespace spool::sqlite
