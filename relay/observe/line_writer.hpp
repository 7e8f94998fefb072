#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

namespace observe {

/// Gathers lines and writes them to a descriptor on a thread of its own, many in one system call.
/// Thread-safe.
class LineWriter {
 public:
  struct Bounds {
    int descriptor = 2;
    std::size_t pending_octets = 1 << 20;
    std::chrono::milliseconds gather{20};      ///< how long the first line waits for company
    std::chrono::milliseconds patience{2000};  ///< how long flush and stop wait for a reader
  };
  /// Called on the thread after each batch; may put lines. Gives how long until it wants to be
  /// called again.
  using Tick = std::function<std::optional<std::chrono::milliseconds>()>;

  LineWriter(Bounds bounds, Tick tick);
  ~LineWriter();
  LineWriter(const LineWriter&) = delete;
  LineWriter& operator=(const LineWriter&) = delete;

  /// Takes a line with its newline; when full it is dropped and counted.
  void put(std::string_view line);
  void hurry();  ///< what is pending is written without waiting for company
  void flush();  ///< hurry, and wait until it is written, at most `patience`
  void stop();   ///< writes what is pending, at most for `patience`, and ends the thread

  [[nodiscard]] std::uint64_t dropped() const;    ///< lines, since the start
  [[nodiscard]] std::uint64_t take_unreported();  ///< lines dropped since it was last asked

 private:
  void run();
  void wait_for_lines(std::unique_lock<std::mutex>& lock,
                      std::optional<std::chrono::milliseconds> at_most);
  [[nodiscard]] std::size_t write_out(std::string_view batch);
  [[nodiscard]] bool wait_for_reader();
  [[nodiscard]] bool out_of_patience() const;

  const Bounds bounds_;
  const Tick tick_;
  mutable std::mutex mutex_;
  std::condition_variable wake_, written_;
  std::string pending_;
  std::string batch_;                   // of the thread alone
  std::uint64_t asked_ = 0, done_ = 0;  // calls of flush
  std::uint64_t dropped_ = 0, unreported_ = 0;
  bool hurry_ = false, stopping_ = false;
  std::chrono::steady_clock::time_point give_up_{};
  std::thread thread_;
};

}  // namespace observe
