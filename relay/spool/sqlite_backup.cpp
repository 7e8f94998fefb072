#include "relay/spool/sqlite_backup.hpp"

#include "relay/spool/durable_file.hpp"
#include "relay/spool/sqlite_schema.hpp"

#include <pthread.h>
#include <sqlite3.h>

#include <memory>
#include <system_error>
#include <utility>

namespace spool::sqlite {
namespace {

constexpr int pages_at_once = 256;  ///< between two looks at whether to stop

struct Finish {
  void operator()(sqlite3_backup* copy) const noexcept { sqlite3_backup_finish(copy); }
};

mail::Failure not_copied(const Connection& connection) {
  return mail::failure("The spool could not be copied (" + connection.trouble() +
                       "): make room where the backup goes, or check the disk of data_dir.");
}

}  // namespace

mail::Result<void> copy_database(Connection& source,
                                 const std::filesystem::path& file,
                                 const std::atomic<bool>& stopped) {
  auto target = Connection::open(file, "");
  if (!target) return target.error();
  // One read transaction over all steps: the copy is of one moment, and needs no second beginning.
  // The target needs no journal: it is flushed as a whole, and thrown away if it is not.
  if (!source.execute("BEGIN; SELECT count(*) FROM sqlite_master")) return not_copied(source);
  if (!target->execute("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF"))
    return not_copied(*target);
  int code = SQLITE_OK;
  {
    const std::unique_ptr<sqlite3_backup, Finish> copy(
        sqlite3_backup_init(target->handle(), "main", source.handle(), "main"));
    if (!copy) return not_copied(*target);
    do {
      code = sqlite3_backup_step(copy.get(), pages_at_once);
    } while (code == SQLITE_OK && !stopped);
  }
  source.execute("COMMIT");
  // A plain file, which needs no log beside it to be read.
  if (code == SQLITE_DONE && target->execute("PRAGMA journal_mode = DELETE")) return {};
  if (stopped) return mail::failure("The backup was given up because postern ends: make it again.");
  return not_copied(*target);
}

void Backup::start(const std::filesystem::path& file, const Done& done) {
  const auto refusal = begin(file, done);
  if (!refusal.empty()) done(mail::failure(refusal));
}

/// Why it cannot begin, or nothing. The thread before has answered, and ends at once: the new one
/// waits for that, because this call must not, and may come from the answer itself.
std::string Backup::begin(const std::filesystem::path& file, const Done& done) {
  const std::lock_guard lock(mutex_);
  if (stopped_) return "The spool is closed: start postern first.";
  if (std::exchange(busy_, true)) return "Another backup is under way: wait until it is done.";
  thread_ = std::thread([this, before = std::move(thread_), file, done]() mutable {
    if (before.joinable()) before.join();
    checkpointer_.hold_restarts(true);
    auto made = make(file);
    checkpointer_.hold_restarts(false);
    end();
    done(std::move(made));
  });
  pthread_setname_np(thread_.native_handle(), "spool-backup");
  return {};
}

void Backup::end() {
  const std::lock_guard lock(mutex_);
  busy_ = false;
}

void Backup::stop() {
  std::thread last;
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    last = std::move(thread_);
  }
  if (last.joinable()) last.join();
}

mail::Result<void> Backup::make(const std::filesystem::path& file) {
  std::error_code unknown;
  if (std::filesystem::exists(std::filesystem::symlink_status(file, unknown)))
    return mail::failure(file.string() + " is there already: name a file that is not.");
  auto partial = file;
  partial += ".partial";
  auto made = copy_to(partial);
  if (made) made = rename_durably(partial, file);
  if (!made) std::filesystem::remove(partial, unknown);
  return made;
}

mail::Result<void> Backup::copy_to(const std::filesystem::path& partial) {
  if (auto made = make_private_file(partial); !made) return made;
  auto source = open_connection(spool_, vfs_);
  if (!source) return source.error();
  if (auto copied = copy_database(*source, partial, stopped_); !copied) return copied;
  return flush_file(partial);
}

}  // namespace spool::sqlite
