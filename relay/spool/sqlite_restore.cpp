#include "relay/spool/backup.hpp"

#include "relay/spool/data_dir.hpp"
#include "relay/spool/durable_file.hpp"
#include "relay/spool/sqlite_backup.hpp"
#include "relay/spool/sqlite_connection.hpp"
#include "relay/spool/sqlite_schema.hpp"
#include "relay/spool/sqlite_sql.hpp"
#include "relay/spool/sqlite_values.hpp"

#include <atomic>
#include <stdexcept>
#include <string>
#include <system_error>

namespace spool {
namespace {

namespace fs = std::filesystem;

fs::path with(const fs::path& file, std::string_view ending) {
  auto named = file;
  named += ending;
  return named;
}

bool there(const fs::path& file) {
  std::error_code unknown;
  return fs::exists(fs::symlink_status(file, unknown));
}

/// A copy of the backup at `file`, by way of SQLite: a file that is none is refused here.
mail::Result<void> copy_backup(const fs::path& backup_file, const fs::path& file) {
  if (!there(backup_file))
    return mail::failure("There is no backup at " + backup_file.string() + ": name one.");
  auto source = sqlite::Connection::open_to_read(backup_file);
  if (!source) return source.error();
  if (auto made = make_private_file(file); !made) return made;
  const std::atomic<bool> never{false};
  return sqlite::copy_database(*source, file, never);
}

/// Holds whatever may still be sent, in one transaction, and leaves no log behind.
mail::Result<std::uint64_t> hold_entries(const fs::path& file, WallTime now, WallTime look_at) {
  auto connection = sqlite::open_connection(file, "");
  if (!connection) return connection.error();
  const auto made = sqlite::has_tables(*connection);
  if (!made) return made.error();
  if (!*made)
    return mail::failure("The backup holds no spool: name a file that `postern backup` wrote.");
  if (const auto fits = sqlite::prepare_schema(*connection); !fits) return fits.error();
  sqlite::Statement tell(*connection, sqlite::sql::tell_restored);
  sqlite::Statement hold(*connection, sqlite::sql::hold_restored);
  const auto at = sqlite::to_milliseconds(now);
  const bool held = connection->execute("BEGIN IMMEDIATE") && tell.run(at) &&
                    hold.run(sqlite::to_milliseconds(look_at), at);
  const auto entries = connection->changed_rows();
  if (!held || !connection->execute("COMMIT; PRAGMA wal_checkpoint(TRUNCATE)"))
    return mail::failure("The backup's entries could not be held (" + connection->trouble() +
                         "): make room on the disk of data_dir, or name another backup.");
  return static_cast<std::uint64_t>(entries);
}

/// Moves what the spool's log still has into its file, as far as that can be read: then the file
/// alone is the spool.
void settle_log(const fs::path& spool) {
  if (auto connection = sqlite::open_connection(spool, "")) {
    connection->execute("PRAGMA wal_checkpoint(TRUNCATE)");
  }
}

/// Renames the spool that is there, and what of its log could not be moved into it.
mail::Result<void> move_aside(const fs::path& spool) {
  if (!there(spool)) return {};
  settle_log(spool);
  int number = 1;
  const auto aside = [&] { return with(spool, ".before-restore-" + std::to_string(number)); };
  while (there(aside())) ++number;
  for (const auto* ending : {"-wal", "-shm", ""})
    if (const auto part = with(spool, ending); there(part))
      if (auto moved = rename_durably(part, with(aside(), ending)); !moved) return moved;
  return {};
}

mail::Result<std::uint64_t> put_in_place(const fs::path& backup_file,
                                         const fs::path& data_dir,
                                         WallTime now,
                                         WallTime look_at) {
  const auto spool = data_dir / "spool.sqlite";
  const auto fresh = with(spool, ".restoring");
  auto restored = [&]() -> mail::Result<std::uint64_t> {
    if (auto copied = copy_backup(backup_file, fresh); !copied) return copied.error();
    auto held = hold_entries(fresh, now, look_at);
    if (!held) return held;
    if (auto flushed = flush_file(fresh); !flushed) return flushed.error();
    if (auto moved = move_aside(spool); !moved) return moved.error();
    if (auto placed = rename_durably(fresh, spool); !placed) return placed.error();
    return held;
  }();
  std::error_code gone_already;
  for (const auto* ending : {"-wal", "-shm", ""}) fs::remove(with(fresh, ending), gone_already);
  return restored;
}

}  // namespace

mail::Result<std::uint64_t> restore(const fs::path& backup_file,
                                    const fs::path& data_dir,
                                    WallTime now,
                                    WallTime look_at) {
  const auto locked = DataDir::open(data_dir);
  if (!locked) return locked.error();
  try {
    return put_in_place(backup_file, data_dir, now, look_at);
  } catch (const std::runtime_error& error) {
    return mail::failure(error.what());  // a statement that does not fit the tables
  }
}

}  // namespace spool
