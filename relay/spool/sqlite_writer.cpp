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
constexpr std::uint64_t clear_room = 16ULL << 20U;  ///< with it no single change fills the disk
constexpr int most_item_faults =
    64;  ///< in one batch; more means that the store is damaged at large

bool is_empty(const Batch& batch) {
  return batch.accepts.empty() && batch.changes.empty() && batch.writes.empty() &&
         batch.feedback.empty() && batch.refusals.empty() && batch.notes.empty() &&
         !batch.retention;
}

}  // namespace

Writer::Writer(Connection& connection,
               std::string_view trace_secret,
               Intake& intake,
               Ledger& ledger,
               const SqliteOptions& options,
               Checkpointer& checkpointer)
    : connection_(connection),
      recorder_(connection, trace_secret),
      refusals_(connection, options.most_refusals),
      documents_(connection, options.most_audit_records),
      cohorts_(connection, options.own_domain),
      bookings_(connection, trace_secret, recorder_, cohorts_, options.most_suppressed),
      expiry_(connection, ledger),
      orders_(connection, trace_secret, ledger),
      repeats_(options.most_repeats),
      claims_(ledger),
      begin_(connection, "BEGIN IMMEDIATE"),
      commit_(connection, "COMMIT"),
      rollback_(connection, "ROLLBACK"),
      touch_(connection, sql::touch_meta),
      intake_(intake),
      ledger_(ledger),
      options_(options),
      checkpointer_(checkpointer) {
  check_reserve();
}

void Writer::run() {
  for (bool over = false; !over;) over = failing_ ? retry_once() : work_once();
  fail_orders();
}

/// True: closed, and nothing is left to do. An order goes on by a page after each batch, so that no
/// accept waits for more than one of its pages.
bool Writer::work_once() {
  std::this_thread::yield();  // who is about to ask shares this flush; costs nothing when idle
  if (intake_.closed()) fail_orders();
  const auto patience = low_ ? options_.retry_after : reserve_checked_after;
  auto batch = intake_.take(orders_.busy() ? std::chrono::milliseconds(0) : patience);
  for (const auto& ticket : batch.withdrawn) answer(*ticket, {Accepted::withdrawn, {}});
  const bool committed = is_empty(batch) || commit(batch);
  if (committed) page_once();
  if (low_ || is_empty(batch) || ++unchecked_commits_ >= commits_between_checks) check_reserve();
  return committed && batch.closed;
}

void Writer::page_once() {
  if (!orders_.busy())
    if (auto order = intake_.take_order()) orders_.begin(std::move(*order));
  if (!orders_.busy()) return;
  Batch page;
  page.changes = orders_.next_page();
  if (!is_empty(page)) commit(page);
}

/// The disk is full or failing: new accepts fail, changes wait, and each second shows whether it
/// works again.
bool Writer::retry_once() {
  const bool closed = intake_.rest(options_.retry_after);
  const auto refused = intake_.take_to_fail();
  for (const auto& ticket : refused.withdrawn) answer(*ticket, {Accepted::withdrawn, {}});
  for (const auto& ticket : refused.accepts) answer(*ticket, {Accepted::failed, {}});
  for (const auto& pending : refused.writes) pending.done(Written::failed);
  for (const auto& pending : refused.feedback) answer(pending, Wrote::store_fault, {});
  Batch again;
  again.changes = std::exchange(kept_, {});
  if (probe() && (is_empty(again) || commit(again) || commit_singly())) {
    note_working();
    return false;
  }
  if (kept_.empty()) kept_ = std::move(again.changes);  // the probe failed before the commit
  if (closed) fail_everything();
  return closed;
}

/// The disk works, yet what was kept cannot be written as a whole: something in the file may be
/// damaged that one change leads to, and would stop all others for good. Such a one is given up.
bool Writer::commit_singly() {
  auto left = std::exchange(kept_, {});
  for (auto& pending : left) {
    Batch single;
    single.changes.push_back(std::move(pending));
    if (kept_.empty() && settle(single)) continue;
    kept_.push_back(std::move(single.changes.front()));
  }
  return kept_.empty();
}

/// False: it is not the change's own fault that it cannot be written.
bool Writer::settle(const Batch& single) {
  Verdicts verdicts(single);
  if (!write_batch(single, verdicts)) {
    if (!blames_item_ || !probe()) return false;
    say(options_.sinks.trouble, "The spool could not write one record: " + trouble_ + ".");
    verdicts.changes.front() = Wrote::item_fault;
  }
  answer(single, verdicts);
  return true;
}

/// Nobody but our own checkpointer has a reason to keep the write lock for longer than a statement
/// waits for it: on a slow disk it may, which is no fault of the disk.
bool Writer::begin() {
  while (true) {
    const bool restarting = checkpointer_.restarting();
    if (begin_.run()) return true;
    if (!connection_.busy() || !(restarting || checkpointer_.restarting())) return false;
  }
}

bool Writer::probe() {
  const bool done = begin() && touch_.run(std::string_view("schema")) && commit_.run();
  if (connection_.in_transaction()) rollback_.run();
  return done;
}

bool Writer::commit(Batch& batch) {
  Verdicts verdicts(batch);
  const auto started = std::chrono::steady_clock::now();
  if (!write_batch(batch, verdicts)) {
    note_failing();
    keep(batch);
    return false;
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
  answer(batch, verdicts);
  if (options_.sinks.committed)
    options_.sinks.committed(took,
                             batch.accepts.size() + batch.changes.size() + batch.writes.size() +
                                 batch.feedback.size() + batch.refusals.size());
  if (batch.retention && verdicts.retention == Wrote::yes) give_back();
  if (batch.retention && verdicts.more_to_expire) intake_.offer(*batch.retention);
  return true;
}

/// One transaction. An item that cannot be written is left out and the others are written anew; the
/// batch fails as a whole only when the disk does.
bool Writer::write_batch(const Batch& batch, Verdicts& verdicts) {
  for (int faults = 0; faults <= most_item_faults; ++faults) {
    auto wrote = begin() ? write_items(batch, verdicts) : Wrote::store_fault;
    if (wrote == Wrote::yes && commit_.run()) {
      claims_.release();
      ledger_.commit(recorder_.moves());
      repeats_.commit();
      documents_.commit();
      bookings_.commit();
      forget_transaction();
      return true;
    }
    if (wrote != Wrote::item_fault) note_fault();
    if (connection_.in_transaction()) rollback_.run();
    forget_transaction();
    if (wrote != Wrote::item_fault) return false;
  }
  return false;
}

void Writer::note_fault() {
  trouble_ = connection_.trouble();
  blames_item_ = connection_.maybe_damage() && free_octets(options_.directory) >= clear_room;
}

void Writer::forget_transaction() {
  claims_.release();
  recorder_.moves().clear();
  repeats_.forget_staged();
  documents_.forget_staged();
  bookings_.forget_staged();
}

Wrote Writer::write_items(const Batch& batch, Verdicts& verdicts) {
  auto repeated = verdicts.repeated.begin();
  auto wrote = write_each(batch.accepts, verdicts.accepts, [&](const auto& ticket) {
    const auto at = &ticket - batch.accepts.data();
    return write_accept(ticket->job, repeated[at]);
  });
  if (wrote != Wrote::yes) return wrote;
  wrote = write_each(batch.changes, verdicts.changes, [this](const PendingChange& pending) {
    return write_change(pending.change);
  });
  if (wrote != Wrote::yes) return wrote;
  auto written = verdicts.written.begin();
  wrote = write_each(batch.writes, verdicts.writes, [&](const PendingWrite& pending) {
    return documents_.write(pending, written[&pending - batch.writes.data()]);
  });
  if (wrote != Wrote::yes) return wrote;
  auto booked = verdicts.booked.begin();
  wrote = write_each(batch.feedback, verdicts.feedback, [&](const PendingFeedback& pending) {
    return write_feedback(pending, booked[&pending - batch.feedback.data()]);
  });
  if (wrote != Wrote::yes) return wrote;
  wrote = write_each(batch.refusals, verdicts.refusals, [this](const policy::Event& refusal) {
    return refusals_.record(refusal);
  });
  return wrote == Wrote::yes ? write_rest(batch, verdicts) : wrote;
}

/// A message whose first copy cannot be marked is stored as a new one.
Wrote Writer::write_accept(const Job& job, std::optional<QueueId>& repeated) {
  repeated = job.repeat ? repeats_.find(*job.repeat) : std::nullopt;
  if (repeated) {
    const auto wrote = recorder_.repeated(*repeated, job.entry.accepted_at);
    if (wrote == Wrote::yes || wrote == Wrote::store_fault) return wrote;
    repeated.reset();
  }
  const auto wrote = recorder_.accept(job);
  if (wrote == Wrote::yes && job.repeat)
    repeats_.stage(job.repeat->key, job.entry.id, job.entry.accepted_at);
  return wrote;
}

/// One that is for whoever finds the entry free needs the entry for itself until it is committed.
Wrote Writer::write_change(const Change& change) {
  if (change.only_from != 0 && !claims_.take(change.id)) return Wrote::not_applicable;
  std::optional<Leaving> leaving;
  if (change.to == State::sent)
    if (const auto read = cohorts_.read(change.id, leaving); read != Wrote::yes) return read;
  const auto wrote = recorder_.change(change);
  return wrote == Wrote::yes && leaving ? cohorts_.sent(*leaving, change.event.at) : wrote;
}

Wrote Writer::write_feedback(const PendingFeedback& pending, Booked& booked) {
  if (const auto* booking = std::get_if<PendingBooking>(&pending))
    return bookings_.book(booking->booking, booked);
  return bookings_.suppress(std::get<PendingSuppression>(pending));
}

Wrote Writer::write_rest(const Batch& batch, Verdicts& verdicts) {
  for (const auto& [name, value] : batch.notes)
    if (!recorder_.note(name, value)) return Wrote::store_fault;
  if (!batch.retention || verdicts.retention == Wrote::item_fault) return Wrote::yes;
  verdicts.retention =
      expiry_.run(*batch.retention, crowded(), recorder_.moves(), verdicts.more_to_expire);
  return verdicts.retention == Wrote::item_fault ? leave_out() : verdicts.retention;
}

template <class Items, class Write>
Wrote Writer::write_each(const Items& items, std::vector<Wrote>& verdicts, const Write& write) {
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (verdicts[i] == Wrote::item_fault) continue;
    verdicts[i] = write(items[i]);
    if (verdicts[i] == Wrote::store_fault) return Wrote::store_fault;
    if (verdicts[i] == Wrote::item_fault) return leave_out();
  }
  return Wrote::yes;
}

Wrote Writer::leave_out() {
  trouble_ = connection_.trouble();
  say(options_.sinks.trouble, "The spool could not write one record: " + trouble_ + ".");
  return Wrote::item_fault;
}

void Writer::answer(const Batch& batch, const Verdicts& verdicts) {
  for (std::size_t i = 0; i < batch.accepts.size(); ++i) {
    const auto& ticket = *batch.accepts[i];
    if (verdicts.accepts[i] != Wrote::yes)
      answer(ticket, {Accepted::failed, {}});
    else if (const auto first = verdicts.repeated[i])
      answer(ticket, {Accepted::repeated, *first});
    else
      answer(ticket, {Accepted::stored, ticket.job.entry.id});
  }
  for (std::size_t i = 0; i < batch.changes.size(); ++i)
    answer(batch.changes[i], verdicts.changes[i]);
  for (std::size_t i = 0; i < batch.writes.size(); ++i) batch.writes[i].done(verdicts.written[i]);
  for (std::size_t i = 0; i < batch.feedback.size(); ++i)
    answer(batch.feedback[i], verdicts.feedback[i], verdicts.booked[i]);
  for (const auto wrote : verdicts.refusals)
    if (wrote != Wrote::yes && options_.sinks.refusal_dropped) options_.sinks.refusal_dropped();
}

void Writer::answer(const Ticket& ticket, Acceptance acceptance) {
  if (acceptance.outcome != Accepted::stored && ticket.lease) ledger_.release(ticket.job.entry.id);
  ticket.done(acceptance);
}

/// An entry whose change cannot be written stays leased, so that this process does not deliver it a
/// second time. A change for a free entry has no lease to end.
void Writer::answer(const PendingChange& pending, Wrote wrote) {
  const auto& change = pending.change;
  const bool over = wrote == Wrote::not_applicable || (wrote == Wrote::yes && !change.keeps_lease);
  if (over && change.only_from == 0) ledger_.release(change.id);
  if (wrote == Wrote::item_fault && pending.given_up) pending.given_up();
  pending.done(wrote == Wrote::yes);
}

void Writer::answer(const PendingFeedback& feedback, Wrote wrote, const Booked& booked) {
  if (const auto* booking = std::get_if<PendingBooking>(&feedback))
    booking->done(wrote == Wrote::yes ? booked : Booked{});
  else
    std::get<PendingSuppression>(feedback).done(wrote == Wrote::yes);
}

/// After a failed commit: nothing of it is stored.
void Writer::keep(Batch& batch) {
  for (const auto& ticket : batch.accepts) answer(*ticket, {Accepted::failed, {}});
  for (const auto& pending : batch.writes) pending.done(Written::failed);
  for (const auto& pending : batch.feedback) answer(pending, Wrote::store_fault, {});
  kept_ = std::move(batch.changes);
  for (auto& [name, value] : batch.notes)
    static_cast<void>(intake_.offer_note(name, std::move(value), true));
  if (!options_.sinks.refusal_dropped) return;
  for (std::size_t i = 0; i < batch.refusals.size(); ++i) options_.sinks.refusal_dropped();
}

/// Closed while nothing can be written: the entries stand as they last stood on disk, recovery
/// takes them from there.
void Writer::fail_everything() {
  for (const auto& pending : std::exchange(kept_, {})) pending.done(false);
  for (const auto& pending : intake_.take_left_changes()) pending.done(false);
}

void Writer::fail_orders() {
  orders_.abandon();
  for (const auto& order : intake_.take_left_orders()) {
    Ordered nothing;
    nothing.complete = false;
    order.done(nothing);
  }
}

void Writer::note_failing() {
  if (options_.sinks.commit_failed) options_.sinks.commit_failed();
  checkpointer_.make_room();
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

std::uint64_t Writer::pragma(const char* sql) {
  Statement statement(connection_, sql);
  Rows rows(statement);
  return rows.next() ? static_cast<std::uint64_t>(rows.integer(0)) : 0;
}

/// Whether what is used of the file is over the size that it may keep.
bool Writer::crowded() {
  const auto used = pragma("PRAGMA page_count") - pragma("PRAGMA freelist_count");
  return used * pragma("PRAGMA page_size") > options_.keep_size;
}

/// Returns a bounded number of free pages to the disk when the file is over the size it may keep.
void Writer::give_back() {
  if (pragma("PRAGMA page_count") * pragma("PRAGMA page_size") > options_.keep_size &&
      !connection_.execute("PRAGMA incremental_vacuum(4096)"))
    say(options_.sinks.trouble,
        "Free room in the spool could not be given back: " + connection_.trouble() + ".");
}

void Writer::say(const std::function<void(const std::string&)>& sink,
                 const std::string& sentence) const {
  if (sink) sink(sentence);
}

}  // namespace spool::sqlite
