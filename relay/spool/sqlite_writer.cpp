#include "relay/spool/sqlite_writer.hpp"

#include "relay/spool/data_dir.hpp"
#include "relay/spool/sqlite_sql.hpp"

#include <chrono>
#include <thread>
#include <utility>

namespace spool::sqlite {
namespace {

constexpr std::chrono::milliseconds reserve_checked_after{10'000};  ///< when idle
constexpr int commits_between_checks =
    16;  ///< of the reserve: at most 64 MiB of small messages (BatchBounds)
constexpr int most_item_faults =
    64;  ///< in one batch; more means that the store is damaged at large

bool is_empty(const Batch& batch) {
  return batch.accepts.empty() && batch.changes.empty() && batch.refusals.empty() &&
         !batch.retention;
}

bool ends_lease(State to) { return to != State::in_delivery && to != State::in_doubt; }

}  // namespace

Writer::Writer(Connection& connection,
               std::string_view trace_secret,
               Intake& intake,
               Ledger& ledger,
               const SqliteOptions& options,
               std::function<void()> commit_failed)
    : connection_(connection),
      recorder_(connection, trace_secret, options.most_refusals),
      begin_(connection, "BEGIN IMMEDIATE"),
      commit_(connection, "COMMIT"),
      rollback_(connection, "ROLLBACK"),
      touch_(connection, sql::touch_meta),
      intake_(intake),
      ledger_(ledger),
      options_(options),
      commit_failed_(std::move(commit_failed)) {
  check_reserve();
}

bool Writer::commit_now(std::vector<PendingChange> changes) {
  Batch batch;
  batch.changes = std::move(changes);
  Verdicts verdicts(batch);
  if (!write_batch(batch, verdicts)) return false;
  answer(batch, verdicts);
  return true;
}

void Writer::run() {
  for (bool over = false; !over;) over = failing_ ? retry_once() : work_once();
}

/// True: closed, and nothing is left to do.
bool Writer::work_once() {
  std::this_thread::yield();  // who is about to ask shares this flush; costs nothing when idle
  auto batch = intake_.take(low_ ? options_.retry_after : reserve_checked_after);
  for (const auto& ticket : batch.withdrawn) answer(*ticket, Accepted::withdrawn);
  const bool committed = is_empty(batch) || commit(batch);
  if (low_ || is_empty(batch) || ++unchecked_commits_ >= commits_between_checks) check_reserve();
  return committed && batch.closed;
}

/// The disk is full or failing: new accepts fail, changes wait, and each second shows whether it
/// works again.
bool Writer::retry_once() {
  const bool closed = intake_.rest(options_.retry_after);
  const auto refused = intake_.take_accepts_only();
  for (const auto& ticket : refused.withdrawn) answer(*ticket, Accepted::withdrawn);
  for (const auto& ticket : refused.accepts) answer(*ticket, Accepted::failed);
  Batch again;
  again.changes = std::exchange(kept_, {});
  if (probe() && (is_empty(again) || commit(again))) {
    note_working();
    return false;
  }
  if (kept_.empty()) kept_ = std::move(again.changes);  // the probe failed before the commit
  if (closed) fail_everything();
  return closed;
}

bool Writer::probe() {
  const bool done = begin_.run() && touch_.run(std::string_view("schema")) && commit_.run();
  if (connection_.in_transaction()) rollback_.run();
  return done;
}

bool Writer::commit(Batch& batch) {
  Verdicts verdicts(batch);
  const auto started = std::chrono::steady_clock::now();
  if (!write_batch(batch, verdicts)) {
    keep(batch);
    note_failing();
    return false;
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
  answer(batch, verdicts);
  if (options_.sinks.committed)
    options_.sinks.committed(took,
                             batch.accepts.size() + batch.changes.size() + batch.refusals.size());
  if (batch.retention) {
    give_back();
    if (verdicts.more_to_expire) intake_.offer(*batch.retention);
  }
  return true;
}

/// One transaction. An item that cannot be written is left out and the others are written anew; the
/// batch fails as a whole only when the disk does.
bool Writer::write_batch(const Batch& batch, Verdicts& verdicts) {
  for (int faults = 0; faults <= most_item_faults; ++faults) {
    recorder_.forget_moves();
    auto wrote = begin_.run() ? write_items(batch, verdicts) : Wrote::store_fault;
    if (wrote == Wrote::yes && commit_.run()) {
      ledger_.commit(recorder_.moves());
      return true;
    }
    if (wrote != Wrote::item_fault) trouble_ = connection_.trouble();
    if (connection_.in_transaction()) rollback_.run();
    if (wrote != Wrote::item_fault) return false;
  }
  return false;
}

Wrote Writer::write_items(const Batch& batch, Verdicts& verdicts) {
  auto wrote = write_each(batch.accepts, verdicts.accepts, [this](const auto& ticket) {
    return recorder_.accept(ticket->job);
  });
  if (wrote != Wrote::yes) return wrote;
  wrote = write_each(batch.changes, verdicts.changes, [this](const PendingChange& pending) {
    return recorder_.change(pending.change);
  });
  if (wrote != Wrote::yes) return wrote;
  wrote = write_each(batch.refusals, verdicts.refusals, [this](const policy::Event& refusal) {
    return recorder_.refusal(refusal);
  });
  if (wrote != Wrote::yes || !batch.retention) return wrote;
  wrote = recorder_.expire(*batch.retention, verdicts.more_to_expire);
  return wrote == Wrote::item_fault ? Wrote::store_fault : wrote;
}

template <class Items, class Write>
Wrote Writer::write_each(const Items& items, std::vector<Wrote>& verdicts, const Write& write) {
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (verdicts[i] == Wrote::item_fault) continue;
    verdicts[i] = write(items[i]);
    if (verdicts[i] == Wrote::store_fault) return Wrote::store_fault;
    if (verdicts[i] != Wrote::item_fault) continue;
    trouble_ = connection_.trouble();
    say(options_.sinks.trouble, "The spool could not write one record: " + trouble_ + ".");
    return Wrote::item_fault;
  }
  return Wrote::yes;
}

void Writer::answer(const Batch& batch, const Verdicts& verdicts) {
  for (std::size_t i = 0; i < batch.accepts.size(); ++i)
    answer(*batch.accepts[i],
           verdicts.accepts[i] == Wrote::yes ? Accepted::stored : Accepted::failed);
  for (std::size_t i = 0; i < batch.changes.size(); ++i)
    answer(batch.changes[i], verdicts.changes[i]);
  for (const auto wrote : verdicts.refusals)
    if (wrote != Wrote::yes && options_.sinks.refusal_dropped) options_.sinks.refusal_dropped();
}

void Writer::answer(const Ticket& ticket, Accepted accepted) {
  if (accepted != Accepted::stored && ticket.lease) ledger_.release(ticket.job.entry.id);
  ticket.done(accepted);
}

/// An entry whose change cannot be written stays leased, so that this process does not deliver it a
/// second time.
void Writer::answer(const PendingChange& pending, Wrote wrote) {
  const auto& change = pending.change;
  if (wrote == Wrote::not_applicable || (wrote == Wrote::yes && ends_lease(change.to)))
    ledger_.release(change.id);
  pending.done(wrote == Wrote::yes);
}

/// After a failed commit: nothing of it is stored.
void Writer::keep(Batch& batch) {
  for (const auto& ticket : batch.accepts) answer(*ticket, Accepted::failed);
  kept_ = std::move(batch.changes);
  if (!options_.sinks.refusal_dropped) return;
  for (std::size_t i = 0; i < batch.refusals.size(); ++i) options_.sinks.refusal_dropped();
}

/// Closed while nothing can be written: the entries stand as they last stood on disk, recovery
/// takes them from there.
void Writer::fail_everything() {
  for (const auto& pending : std::exchange(kept_, {})) pending.done(false);
  for (const auto& pending : intake_.take_left_changes()) pending.done(false);
}

void Writer::note_failing() {
  if (options_.sinks.commit_failed) options_.sinks.commit_failed();
  commit_failed_();
  if (!failing_)
    say(options_.sinks.trouble,
        "The spool cannot be written (" + trouble_ +
            "): make room on the disk of data_dir, or mend it; mail is answered with 451 until "
            "then.");
  failing_ = true;
  writable_ = false;
}

void Writer::note_working() {
  failing_ = false;
  writable_ = !low_;
  say(options_.sinks.mended, "The spool can be written again.");
}

void Writer::check_reserve() {
  unchecked_commits_ = 0;
  const bool low = free_octets(options_.directory) < options_.reserve;
  if (low && !low_)
    say(options_.sinks.trouble,
        "Less than spool.reserve is free on the disk of data_dir: make room; mail is answered with "
        "451 until then.");
  if (!low && low_) say(options_.sinks.mended, "The disk of data_dir has its reserve again.");
  low_ = low;
  writable_ = !failing_ && !low_;
}

/// Returns a bounded number of free pages to the disk when the file is over the size it may keep.
void Writer::give_back() {
  Statement pages(connection_, "PRAGMA page_count");
  Statement size(connection_, "PRAGMA page_size");
  const auto of = [](Statement& statement) {
    Rows rows(statement);
    return rows.next() ? static_cast<std::uint64_t>(rows.integer(0)) : 0;
  };
  if (of(pages) * of(size) > options_.keep_size &&
      !connection_.execute("PRAGMA incremental_vacuum(4096)"))
    say(options_.sinks.trouble,
        "Free room in the spool could not be given back: " + connection_.trouble() + ".");
}

void Writer::say(const std::function<void(const std::string&)>& sink,
                 const std::string& sentence) const {
  if (sink) sink(sentence);
}

}  // namespace spool::sqlite
