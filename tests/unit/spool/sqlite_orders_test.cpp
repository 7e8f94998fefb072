#include "relay/spool/sqlite_store.hpp"
#include "tests/crash/shim_vfs.hpp"
#include "tests/unit/spool/asked.hpp"

#include <doctest/doctest.h>

#include <sqlite3.h>

#include <atomic>
#include <future>
#include <string>
#include <vector>

using namespace spool;
using namespace std::chrono_literals;
using asked::noon;
using policy::EventKind;
using policy::Reason;

namespace {

constexpr auto later = noon + 1h;

QueueId id(std::uint32_t number) { return asked::message(number).entry.id; }

Order to(Operation operation, Filter which = {}) {
  Order order;
  order.operation = operation;
  order.which = std::move(which);
  order.now = later;
  order.until = later + 1h;
  order.reason = Reason::account_paused;
  order.detail = "by anna";
  return order;
}

Job held(Job job, Reason reason = Reason::account_paused) {
  job.entry.state = State::held;
  job.entry.reason = reason;
  job.entry.next_attempt = noon + 24h;
  return job;
}

/// Four entries, one in each state that orders know: 0 queued, 1 held, 2 in doubt, 3 leased.
struct Four {
  Four() : opened(asked::open(asked::options_in(temp.path()))) {
    for (std::uint32_t i = 0; i < 4; ++i)
      REQUIRE(asked::accept(store(),
                            i == 1 ? held(asked::message(1)) : asked::message(i),
                            i >= 2) == Accepted::stored);
    auto doubt = asked::mark(id(2), noon + 24h);
    doubt.keeps_lease = false;
    REQUIRE(asked::change(store(), doubt));
  }
  Store& store() { return *opened.store; }
  std::string timelines() {
    std::string all;
    for (std::uint32_t i = 0; i < 4; ++i) all += asked::timeline(store(), id(i)) + "\n";
    return all;
  }

  asked::TempDir temp;
  OpenedStore opened;
};

/// Accepts `count` messages, all at once.
void fill(Store& store, std::uint32_t count) {
  std::atomic<std::uint32_t> stored{0};
  for (std::uint32_t i = 0; i < count; ++i)
    store.accept(asked::message(i, 10), false, [&](Acceptance answer) {
      stored += answer.outcome == Accepted::stored;
    });
  REQUIRE(asked::becomes([&] { return stored == count; }));
}

}  // namespace

TEST_SUITE("relay/spool/sqlite_orders") {
  TEST_CASE("each operation does what it is for, and leaves leased entries alone") {
    struct Row {
      Operation operation;
      std::uint64_t matched;
      const char* timelines;
    };
    for (const auto& row : {
             Row{Operation::retry,
                 2,
                 "accepted deferred\naccepted held\naccepted in_doubt resent\naccepted\n"},
             Row{Operation::hold, 1, "accepted held\naccepted held\naccepted in_doubt\naccepted\n"},
             Row{Operation::release,
                 1,
                 "accepted\naccepted held released\naccepted in_doubt\naccepted\n"},
             Row{Operation::drop,
                 3,
                 "accepted dropped\naccepted held dropped\naccepted in_doubt dropped\n"
                 "accepted\n"},
         }) {
      Four four;
      CAPTURE(static_cast<int>(row.operation));
      auto trial = to(row.operation);
      trial.dry_run = true;
      const auto before = four.timelines();
      CHECK(asked::order(four.store(), trial).matched == row.matched);
      CHECK(four.timelines() == before);
      const auto done = asked::order(four.store(), to(row.operation));
      CHECK(done.matched == row.matched);
      CHECK(done.superseded == 0);
      CHECK(done.resent == (row.operation == Operation::retry ? 1 : 0));
      CHECK(done.complete);
      CHECK(four.timelines() == row.timelines);
      CHECK(asked::trace(four.store(), id(row.operation == Operation::release ? 1 : 0).text())
                .front()
                .timeline.back()
                .detail == "by anna");
      CHECK(asked::order(four.store(), to(row.operation)).matched ==
            (row.operation == Operation::retry ? 2 : 0));
    }
  }

  TEST_CASE("what is ordered to be sent is due, what is held has its reason and its time") {
    Four four;
    REQUIRE(asked::order(four.store(), to(Operation::release)).matched == 1);
    CHECK(asked::entry(four.store(), id(1))->next_attempt <= later);
    CHECK_FALSE(asked::entry(four.store(), id(1))->reason);
    REQUIRE(asked::order(four.store(), to(Operation::retry)).matched == 3);
    CHECK(asked::lease(four.store(), later).size() == 3);
    auto free = asked::change(id(0), State::queued, EventKind::deferred, later + 5h);
    free.attempts = 4;
    free.last_reply = "451 later";
    REQUIRE(asked::change(four.store(), free));
    REQUIRE(asked::order(four.store(), to(Operation::hold)).matched == 1);
    const auto entry = asked::entry(four.store(), id(0));
    CHECK(entry->reason == Reason::account_paused);
    CHECK(entry->next_attempt == later + 1h);
    CHECK(entry->held_since == later);
    CHECK(entry->attempts == 4);
    CHECK(entry->last_reply == "451 later");
  }

  TEST_CASE("an order is for what its filter names") {
    const asked::TempDir temp;
    auto [store, recovery] = asked::open(asked::options_in(temp.path()));
    for (std::uint32_t i = 0; i < 4; ++i) {
      auto job = held(asked::message(i), i == 3 ? Reason::signing : Reason::domain);
      if (i == 1) job.entry.app = "blog";
      if (i == 2) job.entry.domain = "example.net";
      job.entry.accepted_at = noon + std::chrono::minutes(i);
      REQUIRE(asked::accept(*store, job) == Accepted::stored);
    }
    const auto matched = [&](const Filter& filter) {
      auto order = to(Operation::drop, filter);
      order.dry_run = true;
      return asked::order(*store, order).matched;
    };
    CHECK(matched({}) == 4);
    CHECK(matched({.id = id(2)}) == 1);
    CHECK(matched({.id = QueueId(7)}) == 0);
    CHECK(matched({.state = State::held}) == 4);
    CHECK(matched({.state = State::queued}) == 0);
    CHECK(matched({.state = State::in_delivery}) == 0);
    CHECK(matched({.app = "blog"}) == 1);
    CHECK(matched({.domain = "example.net"}) == 1);
    CHECK(matched({.reason = Reason::signing}) == 1);
    CHECK(matched({.accepted_before = noon + 2min}) == 2);
    CHECK(matched({.id = id(2), .app = "blog"}) == 0);
    Filter listed;
    listed.accepted_before = noon + 1min;
    CHECK(asked::list(*store, listed).size() == 1);
    CHECK(asked::list(*store, {.id = id(2)}).size() == 1);
    CHECK(asked::list(*store, {.id = id(9)}).empty());
  }

  TEST_CASE("urgent mail leaves a hold newest first, and its older copies are superseded") {
    const asked::TempDir temp;
    auto [store, recovery] = asked::open(asked::options_in(temp.path()));
    const char* recipients[] = {"anna@x.org", "bob@x.org", "Anna@x.org", "carl@x.org"};
    for (std::uint32_t i = 0; i < 4; ++i)
      REQUIRE(asked::accept(*store, held(asked::urgent(i, recipients[i]))) == Accepted::stored);
    auto other_app = held(asked::urgent(4, "bob@x.org"));
    other_app.entry.app = "blog";
    REQUIRE(asked::accept(*store, other_app) == Accepted::stored);
    auto not_urgent = held(asked::urgent(5, "bob@x.org"));
    not_urgent.entry.urgent = false;
    REQUIRE(asked::accept(*store, not_urgent) == Accepted::stored);
    auto of_two = held(asked::urgent(6, "bob@x.org"));
    of_two.entry.envelope.forward_paths.emplace_back("dora@x.org");
    REQUIRE(asked::accept(*store, of_two) == Accepted::stored);

    auto trial = to(Operation::release);
    trial.dry_run = true;
    CHECK(asked::order(*store, trial).superseded == 1);
    const auto done = asked::order(*store, to(Operation::release));
    CHECK(done.matched == 7);
    CHECK(done.superseded == 1);
    CHECK(asked::timeline(*store, id(0)) == "accepted held superseded");
    CHECK(asked::entry(*store, id(0))->state == State::failed);
    Wanted wanted{later, 100, 100, 1 << 20, {{"blog", true}, {"shop", false}}};
    std::vector<QueueId> order;
    for (const auto& job : asked::lease(*store, wanted)) order.push_back(job.entry.id);
    CHECK(order == std::vector{id(6), id(3), id(2), id(1)});
  }

  TEST_CASE("what is not urgent leaves a hold oldest first") {
    const asked::TempDir temp;
    auto [store, recovery] = asked::open(asked::options_in(temp.path()));
    for (std::uint32_t i = 0; i < 3; ++i) {
      auto job = held(asked::message(i, 9000 - 3000 * i));
      job.entry.accepted_at = noon + std::chrono::minutes(i);
      REQUIRE(asked::accept(*store, job) == Accepted::stored);
    }
    REQUIRE(asked::order(*store, to(Operation::release)).matched == 3);
    std::vector<QueueId> order;
    for (const auto& job : asked::lease(*store, later)) order.push_back(job.entry.id);
    CHECK(order == std::vector{id(0), id(1), id(2)});
  }

  TEST_CASE("a large order is done page by page, and accepts go on between the pages") {
    const asked::TempDir temp;
    auto options = asked::options_in(temp.path());
    std::atomic<std::size_t> most{0};
    options.sinks.committed = [&](std::chrono::duration<double>, std::size_t rows) {
      most = std::max(most.load(), rows);
    };
    auto [store, recovery] = asked::open(std::move(options));
    constexpr std::uint32_t many = 4300;
    fill(*store, many);
    std::promise<Ordered> promise;
    auto answer = promise.get_future();
    store->order(to(Operation::hold), [&](Ordered ordered) { promise.set_value(ordered); });
    std::uint32_t meanwhile = 0;
    while (answer.wait_for(0s) != std::future_status::ready)
      REQUIRE(asked::accept(*store, asked::message(many + meanwhile++)) == Accepted::stored);
    const auto matched = answer.get().matched;
    CHECK(matched >= many);  // and what came before its first page
    CHECK(meanwhile > 3);
    CHECK(most <= 500);
    CHECK(asked::counts(*store).by_state[static_cast<std::size_t>(State::held)] == matched);
    CHECK(asked::lease(*store, noon, 10'000).size() == many + meanwhile - matched);
  }

  TEST_CASE("orders are done one after the other, and one beyond the bound is not begun") {
    const asked::TempDir temp;
    auto options = asked::options_in(temp.path());
    options.intake.orders = 1;
    std::atomic<bool> gate_closed{false};
    std::atomic<int> syncs{0};
    const crash::ShimVfs vfs("order-gate", [&](const crash::Op& op, const auto& real) {
      if (op.kind == crash::OpKind::sync) {
        ++syncs;
        gate_closed.wait(true);
      }
      return real();
    });
    options.vfs = vfs.name();
    auto [store, recovery] = asked::open(std::move(options));
    REQUIRE(asked::accept(*store, asked::message(1)) == Accepted::stored);
    gate_closed = true;
    const int before = syncs;
    std::string said;
    std::atomic<int> answers{0};
    const auto order = [&](Operation operation) {
      store->order(to(operation), [&, operation](Ordered ordered) {
        said += std::to_string(static_cast<int>(operation)) + (ordered.complete ? "+" : "-");
        ++answers;
      });
    };
    order(Operation::hold);
    REQUIRE(asked::becomes([&] { return syncs > before; }));
    order(Operation::release);
    CHECK(answers == 0);
    order(Operation::drop);
    CHECK(answers == 1);
    gate_closed = false;
    gate_closed.notify_all();
    REQUIRE(asked::becomes([&] { return answers == 3; }));
    CHECK(said == "3-1+2+");
    CHECK(asked::timeline(*store, id(1)) == "accepted held released");
  }

  TEST_CASE("closing answers what is left of the orders as incomplete") {
    const asked::TempDir temp;
    std::atomic<int> incomplete{0};
    std::atomic<int> answers{0};
    auto [store, recovery] = asked::open(asked::options_in(temp.path()));
    fill(*store, 3000);
    for (int i = 0; i < 10; ++i)
      store->order(to(i % 2 == 0 ? Operation::hold : Operation::release), [&](Ordered ordered) {
        incomplete += ordered.complete ? 0 : 1;
        ++answers;
      });
    store->close();
    CHECK(answers == 10);
    CHECK(incomplete >= 1);
    store->order(to(Operation::drop), [&](Ordered ordered) { CHECK_FALSE(ordered.complete); });
  }

  TEST_CASE("an order goes on when the disk works again") {
    const asked::TempDir temp;
    std::atomic<bool> failing{false};
    const crash::ShimVfs vfs("order-failing", [&](const crash::Op& op, const auto& real) {
      return failing && op.kind == crash::OpKind::write ? SQLITE_FULL : real();
    });
    auto options = asked::options_in(temp.path());
    options.vfs = vfs.name();
    auto [store, recovery] = asked::open(std::move(options));
    fill(*store, 1200);
    failing = true;
    std::atomic<bool> done{false};
    store->order(to(Operation::hold), [&](Ordered ordered) {
      CHECK(ordered.complete);
      CHECK(ordered.matched == 1200);
      done = true;
    });
    REQUIRE(asked::becomes([&] { return !store->writable(); }));
    CHECK_FALSE(done);
    failing = false;
    CHECK(asked::becomes([&] { return done.load(); }));
    CHECK(asked::counts(*store).by_state[static_cast<std::size_t>(State::held)] == 1200);
  }

  TEST_CASE("an order does what it is for to every entry that was changed before it") {
    const asked::TempDir temp;
    auto [store, recovery] = asked::open(asked::options_in(temp.path()));
    constexpr std::uint32_t many = 1200;  // three commits of changes
    std::atomic<std::uint32_t> stored{0};
    for (std::uint32_t i = 0; i < many; ++i)
      store->accept(asked::message(i, 10), true, [&](Acceptance answer) {
        stored += answer.outcome == Accepted::stored;
      });
    REQUIRE(asked::becomes([&] { return stored == many; }));
    for (std::uint32_t i = 0; i < many; ++i) {
      auto hold = asked::change(id(i), State::held, EventKind::held, later);
      hold.reason = Reason::account_paused;
      store->change(hold, [](bool) {});
    }
    CHECK(asked::order(*store, to(Operation::release)).matched == many);
  }
}
