#pragma once

#include "relay/spool/store.hpp"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <functional>
#include <iterator>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

/// A store that answers what it was given, on another thread like the real one; or, silent, not at
/// all.
class FakeStore : public spool::Store {
 public:
  ~FakeStore() override { close(); }

  std::vector<spool::Entry> entries;  ///< ascending ids
  std::vector<spool::Trace> traces;
  spool::Counts counted;
  spool::AppLoad loaded;  ///< of each app
  spool::Ordered ordered;
  std::optional<std::vector<spool::SentSums>> summed = std::vector<spool::SentSums>();
  std::string backup_fails;  ///< the sentence; empty: it does not
  std::atomic<bool> silent = false, takes = true;

  /// What was asked for.
  [[nodiscard]] std::vector<spool::Order> orders() {
    const std::lock_guard lock(mutex_);
    return orders_;
  }
  /// The audit trail, the oldest first.
  [[nodiscard]] std::vector<spool::AuditRecord> audits() {
    const std::lock_guard lock(mutex_);
    return audits_;
  }
  [[nodiscard]] std::vector<std::filesystem::path> backups() {
    const std::lock_guard lock(mutex_);
    return backups_;
  }

  std::shared_ptr<spool::Withdrawal> accept(spool::Job,
                                            bool,
                                            std::function<void(spool::Acceptance)>) override {
    return {};
  }
  void change(spool::Change, std::function<void(bool)>) override {}
  void record(policy::Event) override {}
  void lease(spool::Wanted, std::function<void(std::vector<spool::Job>)>) override {}
  void lease_held(policy::Reason,
                  std::string,
                  std::vector<std::string>,
                  spool::QueueId,
                  std::function<void(std::vector<spool::Job>)>) override {}
  void note(std::string, std::string) override {}
  void write(std::vector<spool::DocumentWrite>,
             std::optional<spool::AuditRecord> audit,
             std::function<void(spool::Written)> done) override {
    const spool::Written written = takes ? spool::Written::stored : spool::Written::failed;
    {
      const std::lock_guard lock(mutex_);
      if (takes && audit) {
        audit->number = audits_.size() + 1;
        audits_.push_back(*std::move(audit));
      }
    }
    answer([done = std::move(done), written] { done(written); });
  }
  void audit(spool::AuditPage page,
             std::function<void(std::vector<spool::AuditRecord>)> done) override {
    std::vector<spool::AuditRecord> found;
    {
      const std::lock_guard lock(mutex_);
      std::ranges::copy_if(audits_, std::back_inserter(found), [&](const auto& record) {
        return (page.target.empty() || record.target == page.target) &&
               (page.before == 0 || record.number < page.before);
      });
    }
    std::ranges::reverse(found);
    found.resize(std::min(found.size(), page.limit));
    answer([done = std::move(done), found = std::move(found)] { done(found); });
  }
  [[nodiscard]] spool::AppLoad load(std::string_view) const override { return loaded; }
  [[nodiscard]] std::uint64_t held(std::string_view, policy::Reason) const override { return 0; }
  void refusals(std::int64_t,
                std::int64_t,
                std::size_t,
                std::function<void(std::vector<spool::NumberedRefusal>)>) override {}
  void give_back(spool::QueueId) override {}
  void book(spool::Booking, std::function<void(spool::Booked)>) override {}
  void suppress(std::vector<spool::Suppressed> records,
                spool::AuditRecord,
                std::function<void(bool)> done) override {
    if (takes) {
      const std::lock_guard lock(mutex_);
      ++suppress_calls_;
      for (const spool::Suppressed& each : records)
        suppressed_[{each.app, each.address}] =
            policy::joined(suppressed_[{each.app, each.address}], each.record);
    }
    answer([done = std::move(done), took = takes.load()] { done(took); });
  }
  void suppressions(spool::SuppressionPage page,
                    std::function<void(std::vector<spool::Suppressed>)> done) override {
    std::vector<spool::Suppressed> found;
    {
      const std::lock_guard lock(mutex_);
      for (auto each = suppressed_.upper_bound(page.after);
           each != suppressed_.end() && found.size() < page.limit;
           ++each)
        if (page.app.empty() || page.app == each->first.first)
          found.push_back({each->first.first, each->first.second, each->second});
    }
    answer([done = std::move(done), found = std::move(found)] { done(found); });
  }
  [[nodiscard]] int suppress_calls() {
    const std::lock_guard lock(mutex_);
    return suppress_calls_;
  }
  void reached(std::string,
               std::vector<std::string>,
               spool::WallTime,
               std::function<void(std::vector<bool>)>) override {}
  void sums(spool::SumsWanted,
            std::function<void(std::optional<std::vector<spool::SentSums>>)> done) override {
    answer([done = std::move(done), found = summed] { done(found); });
  }
  void order(spool::Order order, std::function<void(spool::Ordered)> done) override {
    {
      const std::lock_guard lock(mutex_);
      orders_.push_back(std::move(order));
    }
    answer([done = std::move(done), result = ordered] { done(result); });
  }
  void backup(std::filesystem::path file, std::function<void(mail::Result<void>)> done) override {
    {
      const std::lock_guard lock(mutex_);
      backups_.push_back(std::move(file));
    }
    answer([done = std::move(done), sentence = backup_fails] {
      done(sentence.empty() ? mail::Result<void>() : mail::failure(sentence));
    });
  }
  void next_due(std::function<void(std::optional<spool::WallTime>)>) override {}
  void octets(spool::QueueId, std::function<void(spool::Octets)>) override {}
  void tidy(spool::WallTime,
            std::chrono::seconds,
            std::chrono::seconds,
            std::chrono::seconds) override {}

  void list(spool::Filter filter, std::function<void(std::vector<spool::Entry>)> done) override {
    std::vector<spool::Entry> fitting;
    for (const spool::Entry& entry : entries) {
      const bool fits = (!filter.state || entry.state == *filter.state) &&
                        (filter.app.empty() || entry.app == filter.app) &&
                        (filter.domain.empty() || entry.domain == filter.domain) &&
                        (!filter.reason || entry.reason == filter.reason) &&
                        (!filter.id || entry.id == *filter.id) &&
                        (!filter.accepted_before || entry.accepted_at < *filter.accepted_before) &&
                        entry.id > filter.after;
      if (fits && fitting.size() < filter.limit) fitting.push_back(entry);
    }
    answer([done = std::move(done), fitting = std::move(fitting)] { done(fitting); });
  }
  void trace(std::string word,
             std::string app,
             std::function<void(std::vector<spool::Trace>)> done) override {
    std::vector<spool::Trace> found;
    for (const spool::Trace& each : traces) {
      const bool entry =
          each.entry && (each.entry->id.text() == word || each.entry->message_id == word);
      const bool refusal = !each.entry && each.timeline.front().reference == word;
      const std::string& of = each.entry ? each.entry->app : each.timeline.front().app;
      if ((entry || refusal) && (app.empty() || of == app)) found.push_back(each);
    }
    answer([done = std::move(done), found = std::move(found)] { done(found); });
  }
  void counts(std::function<void(spool::Counts)> done) override {
    answer([done = std::move(done), counts = counted] { done(counts); });
  }
  [[nodiscard]] bool writable() const noexcept override { return takes; }
  void close() override {
    std::vector<std::thread> threads;
    {
      const std::lock_guard lock(mutex_);
      threads.swap(threads_);
    }
    for (std::thread& thread : threads) thread.join();
  }

 private:
  void answer(std::function<void()> call) {
    if (silent) return;
    const std::lock_guard lock(mutex_);
    threads_.emplace_back(std::move(call));
  }
  std::mutex mutex_;
  std::vector<std::thread> threads_;
  std::vector<spool::Order> orders_;
  std::vector<std::filesystem::path> backups_;
  std::map<std::pair<std::string, std::string>, policy::Suppression> suppressed_;
  int suppress_calls_ = 0;
  std::vector<spool::AuditRecord> audits_;
};

inline spool::Entry entry(std::int64_t id, spool::State state = spool::State::queued) {
  spool::Entry entry;
  entry.id = spool::QueueId(id);
  entry.app = "shop";
  entry.domain = "example.com";
  entry.envelope = {"anna@example.com", {"bob@example.org", "carl@example.org"}};
  entry.message_id = "<" + std::to_string(id) + "@example.com>";
  entry.size = 4096;
  entry.accepted_at = entry.next_attempt =
      spool::WallTime(std::chrono::milliseconds(1'767'323'045'678));
  entry.state = state;
  return entry;
}
