#pragma once

#include "relay/spool/intake.hpp"
#include "relay/spool/ledger.hpp"
#include "relay/spool/repeats.hpp"
#include "relay/spool/sqlite_bookings.hpp"
#include "relay/spool/sqlite_checkpointer.hpp"
#include "relay/spool/sqlite_cohorts.hpp"
#include "relay/spool/sqlite_connection.hpp"
#include "relay/spool/sqlite_documents.hpp"
#include "relay/spool/sqlite_expiry.hpp"
#include "relay/spool/sqlite_orders.hpp"
#include "relay/spool/sqlite_recorder.hpp"
#include "relay/spool/sqlite_refusals.hpp"
#include "relay/spool/sqlite_store.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace spool::sqlite {

/// Commits what has gathered in the intake, and lives with a disk that is full or failing. `run` is
/// its thread's body; only writable() may be asked from other threads.
class Writer {
 public:
  Writer(Connection& connection,
         std::string_view trace_secret,
         Intake& intake,
         Ledger& ledger,
         const SqliteOptions& options,
         Checkpointer& checkpointer);

  /// What was accepted lately; to be filled before `run`.
  [[nodiscard]] Repeats& repeats() noexcept { return repeats_; }
  void run();
  [[nodiscard]] bool writable() const noexcept { return writable_.load(std::memory_order_relaxed); }

 private:
  /// How each item of a batch fared.
  struct Verdicts {
    explicit Verdicts(const Batch& batch)
        : accepts(batch.accepts.size(), Wrote::yes),
          repeated(batch.accepts.size()),
          changes(batch.changes.size(), Wrote::yes),
          writes(batch.writes.size(), Wrote::yes),
          written(batch.writes.size()),
          feedback(batch.feedback.size(), Wrote::yes),
          booked(batch.feedback.size()),
          refusals(batch.refusals.size(), Wrote::yes) {}
    std::vector<Wrote> accepts;
    std::vector<std::optional<QueueId>> repeated;  ///< the first one, if the accept is its repeat
    std::vector<Wrote> changes, writes;
    std::vector<Written> written;  ///< what each write of documents is answered with
    std::vector<Wrote> feedback;
    std::vector<Booked> booked;  ///< what each booking is answered with
    std::vector<Wrote> refusals;
    Wrote retention = Wrote::yes;
    bool more_to_expire = false;
  };

  bool work_once();
  void page_once();
  bool retry_once();
  bool commit(Batch& batch);
  bool write_batch(const Batch& batch, Verdicts& verdicts);
  void forget_transaction();
  Wrote write_items(const Batch& batch, Verdicts& verdicts);
  template <class Items, class Write>
  Wrote write_each(const Items& items, std::vector<Wrote>& verdicts, const Write& write);
  Wrote write_accept(const Job& job, std::optional<QueueId>& repeated);
  Wrote write_change(const Change& change);
  Wrote write_feedback(const PendingFeedback& pending, Booked& booked);
  Wrote write_rest(const Batch& batch, Verdicts& verdicts);
  Wrote leave_out();
  bool begin();
  bool probe();
  bool commit_singly();
  bool settle(const Batch& single);
  void note_fault();

  void answer(const Batch& batch, const Verdicts& verdicts);
  void answer(const Ticket& ticket, Acceptance acceptance);
  void answer(const PendingChange& change, Wrote wrote);
  static void answer(const PendingFeedback& feedback, Wrote wrote, const Booked& booked);
  void keep(Batch& batch);
  void fail_everything();
  void fail_orders();

  void note_failing();
  void note_working();
  void check_reserve();
  std::uint64_t pragma(const char* sql);
  bool crowded();
  void give_back();
  void say(const std::function<void(const std::string&)>& sink, const std::string& sentence) const;

  Connection& connection_;
  Recorder recorder_;
  Refusals refusals_;
  Documents documents_;
  Cohorts cohorts_;
  Bookings bookings_;
  Expiry expiry_;
  Orders orders_;
  Repeats repeats_;
  Claims claims_;
  Statement begin_, commit_, rollback_, touch_;
  Intake& intake_;
  Ledger& ledger_;
  const SqliteOptions& options_;
  Checkpointer& checkpointer_;
  std::vector<PendingChange> kept_;  ///< the changes of the commit that failed, oldest first
  std::string trouble_;              ///< SQLite's words for the last failure
  bool blames_item_ = false;         ///< that failure can be one change's own
  bool failing_ = false;
  int unchecked_commits_ = 0;
  bool low_ = false;  ///< less free than the reserve
  std::atomic<bool> writable_{true};
};

}  // namespace spool::sqlite
