#pragma once

#include "mail/result.hpp"
#include "relay/spool/sqlite_checkpointer.hpp"
#include "relay/spool/sqlite_connection.hpp"

#include <atomic>
#include <filesystem>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

namespace spool::sqlite {

/// Copies one database into another, page by page as of one moment; the source may be written
/// meanwhile by others. `stopped` ends it early.
mail::Result<void> copy_database(Connection& source,
                                 const std::filesystem::path& file,
                                 const std::atomic<bool>& stopped);

/// Makes backups, one at a time, on a thread and a connection of its own.
class Backup {
 public:
  using Done = std::function<void(mail::Result<void>)>;

  Backup(std::filesystem::path spool, std::string vfs, Checkpointer& checkpointer)
      : spool_(std::move(spool)), vfs_(std::move(vfs)), checkpointer_(checkpointer) {}
  Backup(const Backup&) = delete;
  Backup& operator=(const Backup&) = delete;
  ~Backup() { stop(); }

  /// `done` is called on the thread, or at once with the reason why there is none.
  void start(const std::filesystem::path& file, const Done& done);
  /// Gives up the one under way and waits for it; none is started afterwards.
  void stop();

 private:
  std::string begin(const std::filesystem::path& file, const Done& done);
  void end();
  mail::Result<void> make(const std::filesystem::path& file);
  mail::Result<void> copy_to(const std::filesystem::path& partial);

  const std::filesystem::path spool_;
  const std::string vfs_;
  Checkpointer& checkpointer_;
  std::atomic<bool> stopped_{false};
  std::mutex mutex_;  ///< of what follows
  bool busy_ = false;
  std::thread thread_;
};

}  // namespace spool::sqlite
