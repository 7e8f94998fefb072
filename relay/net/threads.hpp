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
  [[nodiscard]] boost::asio::io_context& context(std::size_t index) noexcept {
    return loops_[index]->context;
  }
  /// The thread with the least load.
  [[nodiscard]] std::size_t least_busy() const noexcept;
  /// Sessions and couriers that live on that thread.
  [[nodiscard]] std::atomic<std::size_t>& load(std::size_t index) noexcept {
    return loops_[index]->load;
  }

 private:
  struct Loop {
    boost::asio::io_context context{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{
        context.get_executor()};
    std::atomic<std::size_t> load{0};
    std::thread thread;
  };
  std::vector<std::unique_ptr<Loop>> loops_;
};

}  // namespace net
