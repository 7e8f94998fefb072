#include "relay/observe/line_writer.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

namespace observe {

namespace {

// A pipe that poll calls writable takes this much without blocking (PIPE_BUF).
constexpr std::size_t piece_octets = 4096;

// Whole lines of at most piece_octets, or one piece of a longer line.
std::string_view next_piece(std::string_view batch) {
  if (batch.size() <= piece_octets) return batch;
  const std::size_t newline = batch.rfind('\n', piece_octets - 1);
  return batch.substr(0, newline == std::string_view::npos ? piece_octets : newline + 1);
}

// Signals are for the threads that wait for them, and SIGPIPE is for nobody.
void block_signals() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

std::uint64_t lines_in(std::string_view text) {
  return static_cast<std::uint64_t>(std::ranges::count(text, '\n'));
}

}  // namespace

LineWriter::LineWriter(Bounds bounds, Tick tick)
    : bounds_(bounds), tick_(std::move(tick)), thread_([this] { run(); }) {
  pthread_setname_np(thread_.native_handle(), "log");
}

LineWriter::~LineWriter() { stop(); }

void LineWriter::put(std::string_view line) {
  const std::lock_guard lock(mutex_);
  if (stopping_ || pending_.size() + line.size() > bounds_.pending_octets) {
    ++dropped_;
    ++unreported_;
    return;
  }
  if (pending_.empty()) wake_.notify_one();
  pending_ += line;
}

void LineWriter::hurry() {
  const std::lock_guard lock(mutex_);
  hurry_ = true;
  wake_.notify_one();
}

void LineWriter::flush() {
  std::unique_lock lock(mutex_);
  hurry_ = true;
  const std::uint64_t mine = ++asked_;
  wake_.notify_one();
  written_.wait_for(lock, bounds_.patience, [&] { return done_ >= mine; });
}

void LineWriter::stop() {
  {
    const std::lock_guard lock(mutex_);
    if (!thread_.joinable()) return;
    stopping_ = true;
    give_up_ = std::chrono::steady_clock::now() + bounds_.patience;
    wake_.notify_one();
  }
  thread_.join();
}

std::uint64_t LineWriter::dropped() const {
  const std::lock_guard lock(mutex_);
  return dropped_;
}

std::uint64_t LineWriter::take_unreported() {
  const std::lock_guard lock(mutex_);
  return std::exchange(unreported_, 0);
}

void LineWriter::wait_for_lines(std::unique_lock<std::mutex>& lock,
                                std::optional<std::chrono::milliseconds> at_most) {
  const auto urgent = [this] { return hurry_ || stopping_; };
  const auto something = [&] { return urgent() || !pending_.empty(); };
  if (at_most) {
    wake_.wait_for(lock, *at_most, something);
  } else {
    wake_.wait(lock, something);
  }
  if (!pending_.empty()) wake_.wait_for(lock, bounds_.gather, urgent);
  hurry_ = false;
}

void LineWriter::run() {
  block_signals();
  std::optional<std::chrono::milliseconds> next_tick;
  std::unique_lock lock(mutex_);
  while (!stopping_ || !pending_.empty()) {
    wait_for_lines(lock, next_tick);
    const std::uint64_t asked = asked_;
    batch_.swap(pending_);
    lock.unlock();
    const std::uint64_t lost = lines_in(std::string_view(batch_).substr(write_out(batch_)));
    batch_.clear();
    next_tick = tick_();
    lock.lock();
    dropped_ += lost;
    unreported_ += lost;
    done_ = asked;
    written_.notify_all();
  }
}

// Gives how many octets were written: fewer than all when nobody reads, or the descriptor is
// broken.
std::size_t LineWriter::write_out(std::string_view batch) {
  std::size_t written = 0;
  while (written < batch.size() && wait_for_reader()) {
    const std::string_view piece = next_piece(batch.substr(written));
    const ssize_t octets = ::write(bounds_.descriptor, piece.data(), piece.size());
    if (octets >= 0) {
      written += static_cast<std::size_t>(octets);
    } else if (errno != EINTR && errno != EAGAIN) {
      break;
    }
  }
  return written;
}

// True: a write will not block, or will say what is wrong with the descriptor.
bool LineWriter::wait_for_reader() {
  constexpr int look_again_ms = 100;
  pollfd wanted{bounds_.descriptor, POLLOUT, 0};
  while (::poll(&wanted, 1, look_again_ms) <= 0) {
    if (out_of_patience()) return false;
  }
  return true;
}

bool LineWriter::out_of_patience() const {
  const std::lock_guard lock(mutex_);
  return stopping_ && std::chrono::steady_clock::now() > give_up_;
}

}  // namespace observe
