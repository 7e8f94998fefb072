#pragma once

#include "relay/spool/sqlite_connection.hpp"
#include "relay/spool/sqlite_store.hpp"

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>

namespace spool::sqlite {

/// Moves the write-ahead log into the file, on a thread and a connection of its own so that no
/// commit waits for it: a little now and then without disturbing anyone, and when the log has grown
/// long so that it starts anew (the writer then waits: some milliseconds, or for a slow disk).
class Checkpointer {
 public:
  Checkpointer(Connection& connection,
               LogBounds bounds,
               std::function<void(const std::string&)> trouble);

  void run();                ///< the thread's body, until stop()
  void log_has(int frames);  ///< the writer's connection tells after each commit; thread-safe
  void make_room();          ///< restart the log now; thread-safe
  /// Whether it may hold the write lock just now. Thread-safe.
  [[nodiscard]] bool restarting() const noexcept { return restarting_; }
  /// While a backup reads, the log cannot start anew, and trying to would hold up the writer.
  /// Thread-safe.
  void hold_restarts(bool hold);
  void stop();
  void finish();  ///< moves all of the log and empties it: at close, after `run`

 private:
  void restart_log();
  void checkpoint(int mode);

  Connection& connection_;
  const int moved_after_, restarted_after_;  ///< frames
  std::function<void(const std::string&)> trouble_;
  std::mutex mutex_;
  std::condition_variable wanted_;
  int frames_ = 0;        ///< in the log
  int moved_frames_ = 0;  ///< of them at the last checkpoint
  bool restart_ = false;
  bool restarts_held_ = false;
  std::atomic<bool> restarting_{false};
  bool stopped_ = false;
  bool failed_ = false;
};

}  // namespace spool::sqlite
