#include "relay/spool/sqlite_store.hpp"

#include "relay/spool/ledger.hpp"
#include "relay/spool/sqlite_backup.hpp"
#include "relay/spool/sqlite_checkpointer.hpp"
#include "relay/spool/sqlite_connection.hpp"
#include "relay/spool/sqlite_feedback_queries.hpp"
#include "relay/spool/sqlite_leasing.hpp"
#include "relay/spool/sqlite_queries.hpp"
#include "relay/spool/sqlite_reader.hpp"
#include "relay/spool/sqlite_recovery.hpp"
#include "relay/spool/sqlite_schema.hpp"
#include "relay/spool/sqlite_writer.hpp"

#include <pthread.h>
#include <sqlite3.h>

#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>

namespace spool {
namespace {

constexpr const char* file_name = "spool.sqlite";
constexpr std::chrono::days audit_retention{365};
constexpr std::chrono::days booked_retention{45};  // SQS keeps a message for 14 days
constexpr std::chrono::days reached_retention{90};
constexpr std::chrono::days cohort_retention{90};

struct Connections {
  sqlite::Connection writer, checkpointer, reader;
};

class SqliteStore final : public Store {
 public:
  SqliteStore(SqliteOptions options,
              Connections connections,
              const std::string& secret,
              WallTime now);
  ~SqliteStore() override { close(); }
  SqliteStore(const SqliteStore&) = delete;
  SqliteStore& operator=(const SqliteStore&) = delete;

  mail::Result<Recovery> recover(WallTime now);
  void start();

  std::shared_ptr<Withdrawal> accept(Job job,
                                     bool lease,
                                     std::function<void(Acceptance)> done) override;
  void change(Change change, std::function<void(bool)> done) override;
  void give_back(QueueId id) override { ledger_.release(id); }
  void order(Order order, std::function<void(Ordered)> done) override;
  void record(policy::Event refusal) override;
  void refusals(std::int64_t after,
                std::int64_t until,
                std::size_t limit,
                std::function<void(std::vector<NumberedRefusal>)> done) override;
  void lease(Wanted wanted, std::function<void(std::vector<Job>)> done) override;
  void lease_held(policy::Reason reason,
                  std::string domain,
                  std::vector<std::string> apps,
                  QueueId after,
                  std::function<void(std::vector<Job>)> done) override;
  void next_due(std::function<void(std::optional<WallTime>)> done) override;
  void list(Filter filter, std::function<void(std::vector<Entry>)> done) override;
  void trace(std::string word,
             std::string app,
             std::function<void(std::vector<Trace>)> done) override;
  void octets(QueueId id, std::function<void(Octets)> done) override;
  void counts(std::function<void(Counts)> done) override;
  [[nodiscard]] bool writable() const noexcept override {
    return writer_.writable() && intake_->has_room();
  }
  [[nodiscard]] AppLoad load(std::string_view app) const override { return ledger_.load(app); }
  [[nodiscard]] std::uint64_t held(std::string_view app, policy::Reason reason) const override {
    return ledger_.held(app, reason);
  }
  void note(std::string name, std::string value) override;
  void write(std::vector<DocumentWrite> writes,
             std::optional<AuditRecord> audit,
             std::function<void(Written)> done) override;
  void book(Booking booking, std::function<void(Booked)> done) override;
  void suppress(std::vector<Suppressed> records,
                AuditRecord audit,
                std::function<void(bool)> done) override;
  void suppressions(SuppressionPage page,
                    std::function<void(std::vector<Suppressed>)> done) override;
  void reached(std::string app,
               std::vector<std::string> forward_paths,
               WallTime since,
               std::function<void(std::vector<bool>)> done) override;
  void sums(SumsWanted wanted,
            std::function<void(std::optional<std::vector<SentSums>>)> done) override;
  void audit(AuditPage page, std::function<void(std::vector<AuditRecord>)> done) override;
  void backup(std::filesystem::path file, std::function<void(mail::Result<void>)> done) override;
  void tidy(WallTime now,
            std::chrono::seconds timeline,
            std::chrono::seconds failed,
            std::chrono::seconds refusals) override;
  void close() override;

 private:
  template <class Answer, class Read>
  void ask(std::function<void(Answer)> done, Read read, bool delivery = false);

  const SqliteOptions options_;
  Connections connections_;
  std::shared_ptr<Intake> intake_;
  Ledger ledger_;
  sqlite::Queries queries_;
  sqlite::FeedbackQueries feedback_queries_;
  sqlite::Checkpointer checkpointer_;
  sqlite::Writer writer_;
  sqlite::Leasing leasing_;
  sqlite::Reader reader_;
  sqlite::Backup backup_;
  std::once_flag closed_;
  std::thread checkpoint_thread_, write_thread_, read_thread_;
};

int tell_log_size(void* checkpointer, sqlite3* /*connection*/, const char* /*name*/, int frames) {
  static_cast<sqlite::Checkpointer*>(checkpointer)->log_has(frames);
  return SQLITE_OK;
}

SqliteStore::SqliteStore(SqliteOptions options,
                         Connections connections,
                         const std::string& secret,
                         WallTime now)
    : options_(std::move(options)),
      connections_(std::move(connections)),
      intake_(std::make_shared<Intake>(options_.intake, options_.batch)),
      ledger_(options_.most_leases),
      queries_(connections_.reader, secret),
      feedback_queries_(connections_.reader, secret),
      checkpointer_(connections_.checkpointer, options_.log, options_.sinks.trouble),
      writer_(connections_.writer, secret, *intake_, ledger_, options_, checkpointer_),
      leasing_(queries_, *intake_, ledger_, options_, now),
      reader_(queries_, feedback_queries_, leasing_, ledger_, options_),
      backup_(options_.directory / file_name, options_.vfs, checkpointer_) {
  sqlite3_wal_hook(connections_.writer.handle(), tell_log_size, &checkpointer_);
}

void SqliteStore::start() {
  checkpoint_thread_ = std::thread([this] { checkpointer_.run(); });
  write_thread_ = std::thread([this] { writer_.run(); });
  read_thread_ = std::thread([this] { reader_.run(); });
  pthread_setname_np(checkpoint_thread_.native_handle(), "spool-move");
  pthread_setname_np(write_thread_.native_handle(), "spool-write");
  pthread_setname_np(read_thread_.native_handle(), "spool-read");
}

mail::Result<Recovery> SqliteStore::recover(WallTime now) {
  sqlite::recall(
      connections_.writer, now - options_.repeats_since, options_.most_repeats, writer_.repeats());
  return sqlite::recover(queries_, feedback_queries_, ledger_);
}

std::shared_ptr<Withdrawal> SqliteStore::accept(Job job,
                                                bool lease,
                                                std::function<void(Acceptance)> done) {
  const auto id = job.entry.id;
  const bool leased = lease && ledger_.lease(id);
  auto ticket = std::make_shared<Ticket>(intake_, std::move(job), lease, std::move(done));
  if (lease == leased && writer_.writable() && intake_->offer(ticket)) return ticket;
  if (leased) ledger_.release(id);
  ticket->done({Accepted::failed, {}});
  return ticket;
}

void SqliteStore::change(Change change, std::function<void(bool)> done) {
  const bool leased = ledger_.leased(change.id);
  PendingChange pending{std::move(change), std::move(done), {}};
  if (!intake_->offer(pending, leased)) pending.done(false);
}

void SqliteStore::order(Order order, std::function<void(Ordered)> done) {
  PendingOrder pending{std::move(order), std::move(done), 0};
  if (intake_->offer(pending)) return;
  Ordered nothing;
  nothing.complete = false;
  pending.done(nothing);
}

void SqliteStore::record(policy::Event refusal) {
  if (!intake_->offer(std::move(refusal)) && options_.sinks.refusal_dropped)
    options_.sinks.refusal_dropped();
}

template <class Answer, class Read>
void SqliteStore::ask(std::function<void(Answer)> done, Read read, bool delivery) {
  auto answer = [done, read = std::move(read)](sqlite::Reader& reader) {
    done(reader.stopped() ? Answer{} : read(reader));
  };
  const bool asked = reader_.ask(std::move(answer), delivery);
  if (!asked) done(Answer{});
}

void SqliteStore::lease(Wanted wanted, std::function<void(std::vector<Job>)> done) {
  auto read = [wanted = std::move(wanted)](sqlite::Reader& reader) {
    return reader.leasing().due(wanted);
  };
  ask(std::move(done), std::move(read), true);
}

void SqliteStore::lease_held(policy::Reason reason,
                             std::string domain,
                             std::vector<std::string> apps,
                             QueueId after,
                             std::function<void(std::vector<Job>)> done) {
  auto read =
      [reason, domain = std::move(domain), apps = std::move(apps), after](sqlite::Reader& reader) {
        return reader.leasing().held(reason, {domain, apps}, after);
      };
  ask(std::move(done), std::move(read), true);
}

void SqliteStore::next_due(std::function<void(std::optional<WallTime>)> done) {
  auto read = [](sqlite::Reader& reader) { return reader.leasing().next_due(); };
  ask(std::move(done), read, true);
}

void SqliteStore::list(Filter filter, std::function<void(std::vector<Entry>)> done) {
  using Listing = sqlite::Reader::Listing;
  auto listing = std::make_shared<Listing>(Listing{std::move(filter), {}, std::move(done), {}});
  if (!reader_.ask([listing](sqlite::Reader& reader) { reader.list(listing); })) listing->done({});
}

void SqliteStore::trace(std::string word,
                        std::string app,
                        std::function<void(std::vector<Trace>)> done) {
  using Tracing = sqlite::Reader::Tracing;
  auto tracing =
      std::make_shared<Tracing>(Tracing{std::move(word), std::move(app), std::move(done), {}});
  if (!reader_.ask([tracing](sqlite::Reader& reader) { reader.trace(tracing); })) tracing->done({});
}

void SqliteStore::octets(QueueId id, std::function<void(Octets)> done) {
  ask(std::move(done), [id](sqlite::Reader& reader) { return reader.octets(id); });
}

void SqliteStore::refusals(std::int64_t after,
                           std::int64_t until,
                           std::size_t limit,
                           std::function<void(std::vector<NumberedRefusal>)> done) {
  auto read = [after, until, limit](sqlite::Reader& reader) {
    return reader.refusals(after, until, limit);
  };
  ask(std::move(done), read);
}

void SqliteStore::counts(std::function<void(Counts)> done) {
  ask(std::move(done), [](sqlite::Reader& reader) { return reader.counts(); });
}

void SqliteStore::note(std::string name, std::string value) {
  const auto sentence = "The note " + name + " is not kept over a restart.";
  if (!intake_->offer_note(std::move(name), std::move(value)) && options_.sinks.trouble)
    options_.sinks.trouble(sentence);
}

void SqliteStore::write(std::vector<DocumentWrite> writes,
                        std::optional<AuditRecord> audit,
                        std::function<void(Written)> done) {
  PendingWrite pending{std::move(writes), std::move(audit), std::move(done)};
  if (!intake_->offer(pending)) pending.done(Written::failed);
}

void SqliteStore::book(Booking booking, std::function<void(Booked)> done) {
  PendingFeedback pending = PendingBooking{std::move(booking), std::move(done)};
  if (!intake_->offer(pending)) std::get<PendingBooking>(pending).done({});
}

void SqliteStore::suppress(std::vector<Suppressed> records,
                           AuditRecord audit,
                           std::function<void(bool)> done) {
  const bool fits = records.size() <= most_suppressed_at_once;
  PendingFeedback pending =
      PendingSuppression{std::move(records), std::move(audit), std::move(done)};
  if (!fits || !intake_->offer(pending)) std::get<PendingSuppression>(pending).done(false);
}

void SqliteStore::suppressions(SuppressionPage page,
                               std::function<void(std::vector<Suppressed>)> done) {
  auto read = [page = std::move(page)](sqlite::Reader& reader) {
    return reader.feedback().suppressions(page);
  };
  ask(std::move(done), std::move(read));
}

void SqliteStore::reached(std::string app,
                          std::vector<std::string> forward_paths,
                          WallTime since,
                          std::function<void(std::vector<bool>)> done) {
  auto read = [app = std::move(app), paths = std::move(forward_paths), since](
                  sqlite::Reader& reader) { return reader.feedback().reached(app, paths, since); };
  ask(std::move(done), std::move(read), true);
}

void SqliteStore::sums(SumsWanted wanted,
                       std::function<void(std::optional<std::vector<SentSums>>)> done) {
  auto read = [wanted = std::move(wanted)](sqlite::Reader& reader) {
    return reader.feedback().sums(wanted);
  };
  ask(std::move(done), std::move(read));
}

void SqliteStore::audit(AuditPage page, std::function<void(std::vector<AuditRecord>)> done) {
  auto read = [page = std::move(page)](sqlite::Reader& reader) { return reader.audit(page); };
  ask(std::move(done), std::move(read));
}

void SqliteStore::backup(std::filesystem::path file, std::function<void(mail::Result<void>)> done) {
  backup_.start(file, done);
}

void SqliteStore::tidy(WallTime now,
                       std::chrono::seconds timeline,
                       std::chrono::seconds failed,
                       std::chrono::seconds refusals) {
  const auto fresh = std::max<std::chrono::minutes>(std::chrono::hours(1), options_.repeats_since);
  intake_->offer(Retention{.timeline = now - timeline,
                           .failed = now - failed,
                           .refusals = now - refusals,
                           .audit = now - audit_retention,
                           .crowded = now - fresh,
                           .booked = now - booked_retention,
                           .reached = now - reached_retention,
                           .cohorts = now - cohort_retention,
                           .suppressions = now});
}

void SqliteStore::close() {
  std::call_once(closed_, [this] {
    if (!write_thread_.joinable()) return;  // recovery failed: never started
    reader_.stop();
    read_thread_.join();
    backup_.stop();
    intake_->close();
    write_thread_.join();
    checkpointer_.stop();
    checkpoint_thread_.join();
    checkpointer_.finish();
  });
}

mail::Result<OpenedStore> open(SqliteOptions options, WallTime now) {
  const auto file = options.directory / file_name;
  if (const auto made = sqlite::create_file(file); !made) return made.error();
  auto writer = sqlite::open_connection(file, options.vfs);
  if (!writer) return writer.error();
  const auto secret = sqlite::prepare_schema(*writer);
  if (!secret) return secret.error();
  auto checkpointer = sqlite::open_connection(file, options.vfs);
  if (!checkpointer) return checkpointer.error();
  auto reader = sqlite::open_connection(file, options.vfs);
  if (!reader) return reader.error();
  Connections connections{std::move(*writer), std::move(*checkpointer), std::move(*reader)};
  auto store =
      std::make_unique<SqliteStore>(std::move(options), std::move(connections), *secret, now);
  auto recovery = store->recover(now);
  if (!recovery) return recovery.error();
  store->start();
  return OpenedStore{std::move(store), std::move(*recovery)};
}

}  // namespace

mail::Result<OpenedStore> open_sqlite(SqliteOptions options, WallTime now) {
  // SQLite's own count of its memory would take a lock at every allocation. Only the first use of
  // SQLite in a process can choose, later ones are refused and change nothing.
  sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  try {
    return open(std::move(options), now);
  } catch (const std::runtime_error& error) {
    return mail::failure(error.what());  // a statement that does not fit the tables
  }
}

}  // namespace spool
