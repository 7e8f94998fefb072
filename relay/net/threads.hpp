#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <atomic>
#include <cstddef>
#include <memory>
#include <thread>
#include <vector>

namespace net {

/// The I/O threads, each with an io_context of its own: what lives on one needs no lock.
class Threads {
 public:
  explicit Threads(unsigned count);
  ~Threads();  ///< stops and joins

  void start();
  void stop_and_join();
  [[nodiscard]] std::size_t size() const noexcept { return loops_.size(); }
  [[nodiscard]] boost::asio::io_context& context(std::size_t index) noexcept { return loops_[index]->context; }
  /// The thread with the fewest sessions.
  [[nodiscard]] std::size_t least_busy() const noexcept;
  [[nodiscard]] std::atomic<std::size_t>& sessions(std::size_t index) noexcept { return loops_[index]->sessions; }

 private:
  struct Loop {
    boost::asio::io_context context{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{context.get_executor()};
    std::atomic<std::size_t> sessions{0};
    std::thread thread;
  };
  std::vector<std::unique_ptr<Loop>> loops_;
};

}  // namespace net
