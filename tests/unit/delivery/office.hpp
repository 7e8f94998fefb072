#pragma once

#include "relay/delivery/scheduler.hpp"
#include "tests/unit/delivery/scripted_upstream.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <chrono>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <string>

namespace delivery::test {

/// A yard with a scheduler.
struct Office : Yard {
  using Yard::Yard;
  ~Office() {
    threads.stop_and_join();
    parts.store.close();
  }
  Scheduler scheduler{services, threads, {&route}, {}};

  void open(const std::map<std::string, std::string, std::less<>>& notes = {}) {
    scheduler.start(notes);
    threads.start();
  }
  bool await_all(spool::State state) {
    return parts.store.await([&](auto& rows) {
      return std::ranges::all_of(
          rows, [&](const auto& row) { return row.second.job.entry.state == state; });
    });
  }
  /// Until the scheduler, and couriers on its thread, have done what was posted; repeatedly, for
  /// what that posts.
  void catch_up() {
    for (int i = 0; i < 3; ++i) {
      std::promise<void> reached;
      net::asio::post(threads.context(0), [&reached] { reached.set_value(); });
      reached.get_future().wait();
    }
  }
  /// Whether drain() or finish() comes to its end.
  bool ends(void (Scheduler::*how)(std::function<void()>), bool abort = false) {
    auto over = std::make_shared<std::promise<void>>();
    (scheduler.*how)([over] { over->set_value(); });
    if (abort) scheduler.abort();
    return over->get_future().wait_for(std::chrono::seconds(20)) == std::future_status::ready;
  }
};

}  // namespace delivery::test
