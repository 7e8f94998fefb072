#pragma once

#include "relay/spool/store.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

/// A store in memory that answers on a thread of its own, like the real one, and can be told to
/// keep an answer back.
class FakeStore final : public spool::Store {
 public:
  struct Row {
    spool::Job job;
    bool leased = false;
    std::vector<spool::Change> changes;
  };
  using Rows = std::map<std::int64_t, Row>;
  /// What is asked for waits for answer_kept().
  struct Keep {
    bool accepts = false, marks = false, next_due = false;
  };

  FakeStore() : thread_([this] { run(); }) {}
  ~FakeStore() override { close(); }

  void keep(Keep keep) {
    with([&] { keep_ = keep; });
  }
  void fail_marks() {
    with([&] { marks_hold_ = false; });
  }
  void fail_accepts() {
    with([&] { accepts_hold_ = false; });
  }
  void answer_kept() {
    with([&] {
      for (auto& answer : kept_) answers_.push_back(std::move(answer));
      kept_.clear();
    });
  }
  [[nodiscard]] std::size_t kept() {
    return with([&] { return kept_.size(); });
  }
  void put(spool::Job job) {
    with([&] { rows_[job.entry.id.value()].job = std::move(job); });
  }
  [[nodiscard]] Row row(spool::QueueId id) {
    return with([&] { return rows_[id.value()]; });
  }
  [[nodiscard]] std::size_t size() {
    return with([&] { return rows_.size(); });
  }

  /// False when it did not come true in time: the test has failed.
  template <class Condition>
  bool await(Condition condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(20), [&] { return condition(rows_); });
  }
  bool await_state(spool::QueueId id, spool::State state) {
    return await([&](Rows& rows) { return rows[id.value()].job.entry.state == state; });
  }
  bool await_kept(std::size_t answers) {
    return await([&](Rows&) { return kept_.size() >= answers; });
  }

  std::shared_ptr<spool::Withdrawal> accept(spool::Job job,
                                            bool lease,
                                            std::function<void(spool::Accepted)> done) override {
    auto ticket = std::make_shared<Ticket>();
    answer(&Keep::accepts, [this, ticket, lease, job = std::move(job), done = std::move(done)] {
      auto outcome = accepts_hold_ ? spool::Accepted::stored : spool::Accepted::failed;
      if (ticket->withdrawn) outcome = spool::Accepted::withdrawn;
      if (outcome == spool::Accepted::stored) {
        with([&] { rows_[job.entry.id.value()] = Row{job, lease, {}}; });
      }
      done(outcome);
    });
    return ticket;
  }

  void change(spool::Change change, std::function<void(bool)> done) override {
    const bool mark = change.to == spool::State::in_doubt;
    answer(mark ? &Keep::marks : nullptr,
           [this, mark, change = std::move(change), done = std::move(done)] {
             const bool holds = with([&] {
               if (mark && !marks_hold_) return false;
               Row& row = rows_[change.id.value()];
               row.leased = mark;
               row.job.entry.state = change.to;
               row.job.entry.next_attempt = change.next_attempt;
               row.changes.push_back(change);
               return true;
             });
             done(holds);
           });
  }

  void lease(spool::WallTime now,
             std::size_t most,
             std::uint64_t,
             std::function<void(std::vector<spool::Job>)> done) override {
    answer(nullptr, [this, now, most, done = std::move(done)] {
      std::vector<spool::Job> jobs;
      with([&] {
        for (auto& [id, row] : rows_) {
          if (jobs.size() >= most || !waits(row) || row.job.entry.next_attempt > now) continue;
          row.leased = true;
          jobs.push_back(row.job);
        }
      });
      done(std::move(jobs));
    });
  }

  /// Looks when it is asked; a kept answer is then an old one.
  void next_due(std::function<void(std::optional<spool::WallTime>)> done) override {
    const auto next = with([&] {
      std::optional<spool::WallTime> earliest;
      for (const auto& [id, row] : rows_) {
        const auto due = row.job.entry.next_attempt;
        if (waits(row) && (!earliest || due < *earliest)) earliest = due;
      }
      return earliest;
    });
    answer(&Keep::next_due, [next, done = std::move(done)] { done(next); });
  }

  void record(policy::Event) override {}
  void list(spool::Filter, std::function<void(std::vector<spool::Entry>)>) override {}
  void trace(std::string, std::function<void(std::vector<spool::Trace>)>) override {}
  void octets(spool::QueueId, std::function<void(spool::Octets)>) override {}
  void counts(std::function<void(spool::Counts)>) override {}
  [[nodiscard]] bool writable() const noexcept override { return true; }
  void tidy(spool::WallTime,
            std::chrono::seconds,
            std::chrono::seconds,
            std::chrono::seconds) override {}
  void close() override {
    with([&] { closed_ = true; });
    if (thread_.joinable()) thread_.join();
  }

 private:
  struct Ticket final : spool::Withdrawal {
    bool withdraw() noexcept override { return withdrawn = true; }
    std::atomic<bool> withdrawn{false};
  };

  static bool waits(const Row& row) {
    const auto state = row.job.entry.state;
    return !row.leased && (state == spool::State::queued || state == spool::State::held);
  }

  template <class Work>
  std::invoke_result_t<Work> with(Work work) {
    const std::lock_guard lock(mutex_);
    changed_.notify_all();
    return work();
  }

  void answer(bool Keep::*kind, std::function<void()> call) {
    with([&] { (kind && keep_.*kind ? kept_ : answers_).push_back(std::move(call)); });
  }

  void run() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [&] { return closed_ || !answers_.empty(); });
      if (answers_.empty()) return;
      const auto call = std::move(answers_.front());
      answers_.pop_front();
      lock.unlock();
      call();
      lock.lock();
      changed_.notify_all();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  Rows rows_;
  Keep keep_;
  std::atomic<bool> accepts_hold_{true};
  bool marks_hold_ = true;
  bool closed_ = false;
  std::deque<std::function<void()>> answers_, kept_;
  std::thread thread_;
};
