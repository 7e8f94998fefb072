#include "relay/spool/sqlite_checkpointer.hpp"

#include <sqlite3.h>

#include <cstdint>
#include <utility>

namespace spool::sqlite {
namespace {

int frames(std::uint64_t octets) {
  constexpr std::uint64_t page = 4096;
  return static_cast<int>(octets / page);
}

}  // namespace

Checkpointer::Checkpointer(Connection& connection,
                           LogBounds bounds,
                           std::function<void(const std::string&)> trouble)
    : connection_(connection),
      moved_after_(frames(bounds.moved)),
      restarted_after_(frames(bounds.restarted)),
      trouble_(std::move(trouble)) {}

void Checkpointer::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    wanted_.wait(
        lock, [this] { return stopped_ || restart_ || frames_ - moved_frames_ >= moved_after_; });
    if (stopped_) return;
    const bool wanted = std::exchange(restart_, false) || frames_ >= restarted_after_;
    const bool restart = wanted && !restarts_held_;
    moved_frames_ = frames_;
    lock.unlock();
    // The passive one does the work; the restart that follows holds up the writer only briefly.
    checkpoint(SQLITE_CHECKPOINT_PASSIVE);
    if (restart) restart_log();
    lock.lock();
  }
}

void Checkpointer::restart_log() {
  restarting_ = true;
  checkpoint(SQLITE_CHECKPOINT_RESTART);
  restarting_ = false;
}

void Checkpointer::log_has(int frames) {
  const std::lock_guard lock(mutex_);
  frames_ = frames;
  if (frames_ < moved_frames_) moved_frames_ = 0;  // the log has started anew
  if (frames_ - moved_frames_ >= moved_after_) wanted_.notify_one();
}

void Checkpointer::make_room() {
  const std::lock_guard lock(mutex_);
  restart_ = true;
  wanted_.notify_one();
}

void Checkpointer::hold_restarts(bool hold) {
  const std::lock_guard lock(mutex_);
  restarts_held_ = hold;
}

void Checkpointer::stop() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  wanted_.notify_one();
}

void Checkpointer::finish() { checkpoint(SQLITE_CHECKPOINT_TRUNCATE); }

/// A log that cannot be moved now stays and is moved later; nothing is lost by it but disk.
void Checkpointer::checkpoint(int mode) {
  const int code = sqlite3_wal_checkpoint_v2(connection_.handle(), nullptr, mode, nullptr, nullptr);
  const bool failed = code != SQLITE_OK && (code & 0xff) != SQLITE_BUSY;
  if (failed && !failed_ && trouble_)
    trouble_("The spool's log could not be moved into its file (" + connection_.trouble() +
             "): make room on the disk of data_dir, or mend it.");
  failed_ = failed;
}

}  // namespace spool::sqlite
