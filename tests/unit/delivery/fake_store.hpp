#pragma once

#include "relay/spool/store.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
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
  bool await_note(const std::string& name, std::string_view ending) {
    return await([&](Rows&) { return notes_[name].ends_with(ending); });
  }
  bool await_kept(std::size_t answers) {
    return await([&](Rows&) { return kept_.size() >= answers; });
  }

  std::shared_ptr<spool::Withdrawal> accept(spool::Job job,
                                            bool lease,
                                            std::function<void(spool::Acceptance)> done) override {
    auto ticket = std::make_shared<Ticket>();
    answer(&Keep::accepts, [this, ticket, lease, job = std::move(job), done = std::move(done)] {
      auto outcome = accepts_hold_ ? spool::Accepted::stored : spool::Accepted::failed;
      if (ticket->withdrawn) outcome = spool::Accepted::withdrawn;
      if (outcome == spool::Accepted::stored) {
        with([&] { rows_[job.entry.id.value()] = Row{job, lease, {}}; });
      }
      done({outcome, job.entry.id});
    });
    return ticket;
  }

  void change(spool::Change change, std::function<void(bool)> done) override {
    const bool mark = change.to == spool::State::in_doubt && change.keeps_lease;
    answer(mark ? &Keep::marks : nullptr,
           [this, mark, change = std::move(change), done = std::move(done)] {
             const bool holds = with([&] {
               if (mark && !marks_hold_) return false;
               return apply(change);
             });
             done(holds);
           });
  }

  void give_back(spool::QueueId id) override {
    with([&] { rows_[id.value()].leased = false; });
  }
  void order(spool::Order order, std::function<void(spool::Ordered)> done) override {
    answer(nullptr, [this, order = std::move(order), done = std::move(done)] {
      spool::Ordered ordered;
      with([&] {
        for (auto& [id, row] : rows_)
          if (fits(order, row)) {
            ++ordered.matched;
            ordered.resent += order.operation == spool::Operation::retry &&
                              row.job.entry.state == spool::State::in_doubt;
            if (!order.dry_run) carry_out(order, row);
          }
      });
      done(ordered);
    });
  }

  /// Lane after lane, not in turn; a lane that is full gives nothing.
  void lease(spool::Wanted wanted, std::function<void(std::vector<spool::Job>)> done) override {
    answer(nullptr, [this, wanted = std::move(wanted), done = std::move(done)] {
      std::vector<spool::Job> jobs;
      std::map<spool::Lane, std::size_t> given;
      with([&] {
        for (auto& [id, row] : rows_) {
          const auto& entry = row.job.entry;
          const spool::Lane lane{entry.app, entry.urgent};
          const bool full = entry.state == spool::State::queued &&
                            (wanted.full.contains(lane) || given[lane] >= wanted.most_per_lane);
          if (full || jobs.size() >= wanted.most || !waits(row) || entry.next_attempt > wanted.now)
            continue;
          ++given[lane];
          jobs.push_back(give(row));
        }
      });
      done(std::move(jobs));
    });
  }

  void lease_held(policy::Reason reason,
                  std::string domain,
                  std::vector<std::string> apps,
                  spool::QueueId,
                  std::function<void(std::vector<spool::Job>)> done) override {
    answer(
        nullptr,
        [this, reason, domain = std::move(domain), apps = std::move(apps), done = std::move(done)] {
          std::vector<spool::Job> jobs;
          with([&] {
            Row* best = nullptr;
            for (auto& [id, row] : rows_) {
              const auto& entry = row.job.entry;
              const bool right = entry.state == spool::State::held && entry.reason == reason &&
                                 (domain.empty() || entry.domain == domain) &&
                                 (apps.empty() || std::ranges::find(apps, entry.app) != apps.end());
              if (!right || row.leased) continue;
              if (!best || (entry.urgent && !best->job.entry.urgent)) best = &row;
            }
            if (best) jobs.push_back(give(*best));
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

  [[nodiscard]] spool::AppLoad load(std::string_view app) const override {
    const std::lock_guard lock(mutex_);
    spool::AppLoad load;
    for (const auto& [id, row] : rows_) {
      const auto& entry = row.job.entry;
      if (entry.app != app || over(entry.state)) continue;
      ++load.messages;
      load.octets += entry.size;
    }
    return load;
  }
  [[nodiscard]] std::uint64_t held(std::string_view app, policy::Reason reason) const override {
    const std::lock_guard lock(mutex_);
    return static_cast<std::uint64_t>(std::ranges::count_if(rows_, [&](const auto& row) {
      const auto& entry = row.second.job.entry;
      return entry.state == spool::State::held && entry.app == app && entry.reason == reason;
    }));
  }
  void note(std::string name, std::string value) override {
    with([&] { notes_[std::move(name)] = std::move(value); });
  }
  [[nodiscard]] std::map<std::string, std::string> notes() {
    return with([&] { return notes_; });
  }
  void backup(std::filesystem::path, std::function<void(mail::Result<void>)> done) override {
    answer(nullptr, [done = std::move(done)] { done(mail::failure("There is no file to copy.")); });
  }

  void record(policy::Event) override {}
  void write(std::vector<spool::DocumentWrite>,
             std::optional<spool::AuditRecord>,
             std::function<void(spool::Written)>) override {}
  void book(spool::Booking, std::function<void(spool::Booked)>) override {}
  void suppress(std::vector<spool::Suppressed>,
                spool::AuditRecord,
                std::function<void(bool)>) override {}
  void suppressions(spool::SuppressionPage,
                    std::function<void(std::vector<spool::Suppressed>)>) override {}
  void reached(std::string,
               std::vector<std::string> forward_paths,
               spool::WallTime,
               std::function<void(std::vector<bool>)> done) override {
    std::vector<bool> known;
    for (const std::string& path : forward_paths) known.push_back(known_paths.contains(path));
    done(std::move(known));
  }
  std::set<std::string> known_paths;  ///< whom every app reached; to be set before the threads run
  void sums(spool::SumsWanted,
            std::function<void(std::optional<std::vector<spool::SentSums>>)>) override {}
  void audit(spool::AuditPage, std::function<void(std::vector<spool::AuditRecord>)>) override {}
  void refusals(std::int64_t,
                std::int64_t,
                std::size_t,
                std::function<void(std::vector<spool::NumberedRefusal>)>) override {}
  void list(spool::Filter, std::function<void(std::vector<spool::Entry>)>) override {}
  void trace(std::string, std::string, std::function<void(std::vector<spool::Trace>)>) override {}
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

  static bool over(spool::State state) {
    return state == spool::State::sent || state == spool::State::failed;
  }
  static bool waits(const Row& row) { return !row.leased && !over(row.job.entry.state); }

  /// The job of a row that is leased now: in doubt it says so, else it is in delivery.
  static spool::Job give(Row& row) {
    row.leased = true;
    auto job = row.job;
    if (job.entry.state != spool::State::in_doubt) job.entry.state = spool::State::in_delivery;
    return job;
  }

  static void begin_or_end_hold(spool::Entry& entry, spool::State to, spool::WallTime at) {
    if (to == spool::State::held && !entry.held_since) entry.held_since = at;
    if (to == spool::State::held || to == spool::State::in_doubt || !entry.held_since) return;
    entry.held += std::chrono::duration_cast<std::chrono::milliseconds>(at - *entry.held_since);
    entry.held_since.reset();
  }

  bool apply(const spool::Change& change) {
    Row& row = rows_[change.id.value()];
    auto& entry = row.job.entry;
    const bool may = (change.only_from >> static_cast<unsigned>(entry.state) & 1U) != 0;
    if (change.only_from != 0 && (row.leased || !may)) return false;
    if (change.only_from == 0) row.leased = change.keeps_lease;
    begin_or_end_hold(entry, change.to, change.event.at);
    entry.state = change.to;
    entry.reason = change.reason;
    entry.next_attempt = change.next_attempt;
    entry.attempts = change.attempts;
    entry.last_reply = change.last_reply;
    row.changes.push_back(change);
    if (change.notice) rows_[change.notice->entry.id.value()].job = *change.notice;
    if (change.note) notes_[change.note->name] = change.note->value;
    return true;
  }

  static bool fits(const spool::Order& order, const Row& row) {
    using spool::Operation;
    using spool::State;
    const auto& entry = row.job.entry;
    const auto& which = order.which;
    const bool held = entry.state == State::held;
    const bool may = (order.operation == Operation::hold && entry.state == State::queued) ||
                     (order.operation == Operation::release && held) ||
                     (order.operation == Operation::retry && !held) ||
                     order.operation == Operation::drop;
    return may && waits(row) && (!which.id || entry.id == *which.id) &&
           (!which.state || entry.state == *which.state) &&
           (which.app.empty() || entry.app == which.app) &&
           (which.domain.empty() || entry.domain == which.domain) &&
           (!which.reason || entry.reason == *which.reason) &&
           (!which.accepted_before || entry.accepted_at < *which.accepted_before);
  }

  void carry_out(const spool::Order& order, Row& row) {
    using spool::Operation;
    spool::Change change;
    change.id = row.job.entry.id;
    change.attempts = row.job.entry.attempts;
    change.last_reply = row.job.entry.last_reply;
    change.event.at = change.next_attempt = order.now;
    change.event.detail = order.detail;
    switch (order.operation) {
      case Operation::retry:
        change.to = spool::State::queued;
        change.event.kind = row.job.entry.state == spool::State::in_doubt
                                ? policy::EventKind::resent
                                : policy::EventKind::deferred;
        break;
      case Operation::hold:
        change.to = spool::State::held;
        change.reason = order.reason;
        change.next_attempt = order.until;
        change.event.kind = policy::EventKind::held;
        break;
      case Operation::release:
        change.to = spool::State::queued;
        change.event.kind = policy::EventKind::released;
        break;
      case Operation::drop:
        change.to = spool::State::failed;
        change.event.kind = policy::EventKind::dropped;
        break;
    }
    apply(change);
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

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  Rows rows_;
  std::map<std::string, std::string> notes_;
  Keep keep_;
  std::atomic<bool> accepts_hold_{true};
  bool marks_hold_ = true;
  bool closed_ = false;
  std::deque<std::function<void()>> answers_, kept_;
  std::thread thread_;
};
