#include "relay/delivery/courier.hpp"

#include "tests/unit/delivery/scripted_upstream.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <condition_variable>
#include <future>
#include <mutex>
#include <vector>

using namespace std::chrono_literals;
using namespace delivery;
using delivery::test::broke;
using delivery::test::job;
using delivery::test::replied;
using spool::State;

namespace {

/// One courier and what it reports.
struct Post final : Dispatch {
  test::Yard yard;
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<Report> reports;
  std::atomic<bool> over = false;
  std::shared_ptr<Courier> courier;

  ~Post() override {
    yard.threads.stop_and_join();
    yard.parts.store.close();
  }

  void start(const spool::Job& first) {
    yard.parts.store.put(first);
    const net::asio::any_io_executor executor = yard.threads.context(0).get_executor();
    courier = std::make_shared<Courier>(yard.services, yard.route, executor, *this, first);
    net::spawn(
        executor,
        [courier = courier] { return courier->run(); },
        [](std::string_view) {},
        [this] {
          courier->put_back();
          tell([&] { over = true; });
        });
    yard.threads.start();
  }
  template <class Work>
  void tell(Work work) {
    const std::lock_guard lock(mutex);
    work();
    changed.notify_all();
  }
  template <class Condition>
  bool await(Condition condition) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, 20s, condition);
  }
  void settled(Report report) override {
    tell([&] { reports.push_back(std::move(report)); });
  }
  void unemployed(std::shared_ptr<Courier>) override {}
  void ended(std::shared_ptr<Courier>) override {}
  void due(std::chrono::system_clock::time_point) override {}
};

}  // namespace

TEST_SUITE_BEGIN("relay/delivery/courier");

TEST_CASE("the final dot waits until the in-doubt mark is durable") {
  Post post;
  post.yard.parts.store.keep({.marks = true});
  post.start(job(1));
  REQUIRE(post.yard.parts.store.await_kept(1));
  CHECK(post.yard.script.taken().empty());
  post.yard.parts.store.answer_kept();
  REQUIRE(post.yard.parts.store.await_state(spool::QueueId(1), State::sent));
  const auto row = post.yard.parts.store.row(spool::QueueId(1));
  REQUIRE(row.changes.size() == 2);
  CHECK(row.changes[0].to == State::in_doubt);
  CHECK(row.changes[1].upstream_id == "0100");
  CHECK(post.yard.script.taken().size() == 1);
}

TEST_CASE("without the mark no dot goes out, and the entry is queued again") {
  Post post;
  post.yard.parts.store.fail_marks();
  post.start(job(1));
  REQUIRE(post.await([&] { return post.over.load(); }));
  REQUIRE(post.yard.parts.store.await([](auto& rows) { return !rows[1].changes.empty(); }));
  CHECK(post.yard.script.taken().empty());
  const auto row = post.yard.parts.store.row(spool::QueueId(1));
  CHECK(row.job.entry.state == State::queued);
  CHECK_FALSE(row.leased);
  CHECK(row.changes.back().event.kind == policy::EventKind::deferred);
}

TEST_CASE("each outcome becomes the state that it means, and ends the lease") {
  struct Row {
    Attempt outcome;
    State state;
    std::optional<policy::Reason> reason;
    policy::EventKind event;
    bool available;
  };
  const Row rows[] = {
      {replied(250, "Ok 0100"), State::sent, std::nullopt, policy::EventKind::sent, true},
      {replied(554, "Transaction failed: no"),
       State::failed,
       std::nullopt,
       policy::EventKind::failed,
       true},
      {replied(454, "Throttling failure: Maximum sending rate exceeded."),
       State::queued,
       std::nullopt,
       policy::EventKind::throttled,
       true},
      {broke(smtp::Phase::rcpt), State::queued, std::nullopt, policy::EventKind::deferred, false},
      {broke(smtp::Phase::end_of_data, true),
       State::queued,
       std::nullopt,
       policy::EventKind::resent,
       false},
  };
  for (const Row& expected : rows) {
    CAPTURE(policy::word(expected.event));
    Post post;
    post.yard.script.outcomes.push_back(expected.outcome);
    post.start(job(1));
    REQUIRE(post.await([&] { return !post.reports.empty(); }));
    REQUIRE(
        post.yard.parts.store.await([](auto& stored) { return stored[1].changes.size() == 2; }));
    const auto row = post.yard.parts.store.row(spool::QueueId(1));
    CHECK(row.job.entry.state == expected.state);
    CHECK(row.changes.back().reason == expected.reason);
    CHECK(row.changes.back().event.kind == expected.event);
    CHECK_FALSE(row.leased);
    CHECK(post.reports.front().available == expected.available);
    CHECK(post.reports.front().octets == job(1).entry.size);
  }
}

TEST_CASE("a message that cannot be signed is held with the reason, and not marked in doubt") {
  Post post;
  post.start(job(1, "gone.example"));
  REQUIRE(post.yard.parts.store.await_state(spool::QueueId(1), State::held));
  const auto row = post.yard.parts.store.row(spool::QueueId(1));
  CHECK(row.changes.size() == 1);
  CHECK(row.changes[0].reason == policy::Reason::signing);
  CHECK(post.yard.script.taken().empty());
}

TEST_CASE("a connection serves one message after the other") {
  Post post;
  post.start(job(1));
  REQUIRE(post.await([&] { return post.reports.size() == 1; }));
  post.yard.parts.store.put(job(2));
  post.courier->assign(job(2));
  REQUIRE(post.yard.parts.store.await_state(spool::QueueId(2), State::sent));
  CHECK(post.yard.script.opened == 1);
}

TEST_CASE("a courier without work ends when it is dismissed") {
  Post post;
  post.start(job(1));
  REQUIRE(post.await([&] { return post.reports.size() == 1; }));
  post.courier->dismiss();
  CHECK(post.await([&] { return post.over.load(); }));
}

TEST_CASE("what was under way when an exception ended the courier is queued again") {
  Post post;
  post.yard.script.throws = true;
  post.start(job(1));
  REQUIRE(post.await([&] { return post.over.load(); }));
  REQUIRE(post.yard.parts.store.await([](auto& rows) { return !rows[1].changes.empty(); }));
  CHECK(post.yard.parts.store.row(spool::QueueId(1)).job.entry.state == State::queued);
  REQUIRE(post.reports.size() == 1);
  CHECK_FALSE(post.reports.front().available);
}

TEST_CASE("an aborted courier ends a reply that never comes, and the entry is queued as in doubt") {
  Post post;
  post.yard.script.hang = true;
  post.start(job(1));
  REQUIRE(post.yard.parts.store.await_state(spool::QueueId(1), State::in_doubt));
  REQUIRE(post.yard.script.await_dots(1));
  post.courier->abort();
  REQUIRE(post.await([&] { return post.over.load(); }));
  REQUIRE(post.yard.parts.store.await_state(spool::QueueId(1), State::queued));
  CHECK(post.yard.parts.store.row(spool::QueueId(1)).changes.back().event.kind ==
        policy::EventKind::resent);
}

TEST_CASE("while the feed proves itself a lost reply leaves the entry in doubt, for its event") {
  Post post;
  post.yard.doubts.proved(post.yard.parts.clock.now());
  post.yard.script.outcomes.push_back(broke(smtp::Phase::end_of_data, true));
  post.start(job(1));
  REQUIRE(post.yard.parts.store.await([](auto& rows) { return rows[1].changes.size() == 2; }));
  const auto row = post.yard.parts.store.row(spool::QueueId(1));
  CHECK(row.job.entry.state == State::in_doubt);
  CHECK_FALSE(row.leased);
  CHECK(row.job.entry.next_attempt > post.yard.parts.clock.now());
  std::promise<bool> settled;
  settle_by_event(
      post.yard.services, spool::QueueId(1), "0100", [&](bool now) { settled.set_value(now); });
  CHECK(settled.get_future().get());
  CHECK(post.yard.parts.store.row(spool::QueueId(1)).job.entry.state == State::sent);
}

TEST_CASE("an event that comes before the reply is given up settles the entry then") {
  Post post;
  post.yard.doubts.proved(post.yard.parts.clock.now());
  post.yard.script.hang = true;
  post.start(job(1));
  REQUIRE(post.yard.script.await_dots(1));
  std::promise<bool> settled;
  settle_by_event(
      post.yard.services, spool::QueueId(1), "0100", [&](bool now) { settled.set_value(now); });
  CHECK_FALSE(settled.get_future().get());
  post.courier->abort();
  REQUIRE(post.yard.parts.store.await_state(spool::QueueId(1), State::sent));
  CHECK(post.yard.parts.store.row(spool::QueueId(1)).changes.back().upstream_id == "0100");
}

TEST_CASE("a message that fails for good leaves a report with its last change, a report does not") {
  for (const bool notice : {false, true}) {
    CAPTURE(notice);
    Post post;
    post.yard.report_to("owner@example.org");
    post.yard.script.outcomes.push_back(replied(554, "Transaction failed: no"));
    auto failing = job(1);
    failing.entry.notice = notice;
    post.start(failing);
    REQUIRE(post.yard.parts.store.await_state(spool::QueueId(1), State::failed));
    const auto last = post.yard.parts.store.row(spool::QueueId(1)).changes.back();
    REQUIRE(static_cast<bool>(last.notice) == !notice);
    if (notice) continue;
    CHECK(last.notice->entry.notice);
    CHECK(last.notice->entry.envelope.reverse_path == "postern@example.com");
    CHECK(last.notice->entry.envelope.forward_paths ==
          std::vector<std::string>{"owner@example.org"});
    CHECK(last.notice->octets->find("Transaction failed: no") != std::string::npos);
  }
}

TEST_SUITE_END();
