#include "relay/spool/sqlite_store.hpp"

#include "tests/crash/shim_vfs.hpp"
#include "tests/unit/spool/asked.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <future>
#include <set>
#include <thread>

using namespace spool;
using namespace std::chrono_literals;
using asked::noon;
using policy::EventKind;

namespace {

std::uint64_t of(const Counts& counts, State state) {
  return counts.by_state[static_cast<std::size_t>(state)];
}

/// A VFS whose syncs wait while the gate is closed: a disk that stalls.
struct StallingDisk {
  explicit StallingDisk(std::string name)
      : vfs(std::move(name), [this](const crash::Op& op, const std::function<int()>& real) {
          if (op.kind == crash::OpKind::sync) {
            ++syncs;
            closed.wait(true);
          }
          return real();
        }) {}
  void open_gate() {
    closed = false;
    closed.notify_all();
  }
  std::atomic<bool> closed{false};
  std::atomic<int> syncs{0};
  crash::ShimVfs vfs;
};

}  // namespace

TEST_SUITE("relay/spool/sqlite_store") {
  TEST_CASE("an accepted message is given out once, whole, and not again until its lease ends") {
    const asked::TempDir temp;
    auto [store, recovery] = asked::open(asked::options_in(temp.path()));
    const auto job = asked::message(1);
    REQUIRE(asked::accept(*store, job) == Accepted::stored);
    const auto leased = asked::lease(*store);
    REQUIRE(leased.size() == 1);
    const auto& entry = leased.front().entry;
    CHECK(*leased.front().octets == *job.octets);
    CHECK(entry.id == job.entry.id);
    CHECK(entry.app == "shop");
    CHECK(entry.domain == "example.com");
    CHECK(entry.envelope.reverse_path == job.entry.envelope.reverse_path);
    CHECK(entry.envelope.forward_paths == job.entry.envelope.forward_paths);
    CHECK(entry.message_id == job.entry.message_id);
    CHECK(entry.size == job.octets->size());
    CHECK(entry.accepted_at == noon);
    CHECK(entry.state == State::in_delivery);
    CHECK(asked::lease(*store).empty());
    auto again = asked::change(entry.id, State::queued, EventKind::deferred, noon + 30s);
    again.attempts = 1;
    again.last_reply = "451 later";
    REQUIRE(asked::change(*store, again));
    CHECK(asked::lease(*store, noon + 29s).empty());
    const auto retried = asked::lease(*store, noon + 30s);
    REQUIRE(retried.size() == 1);
    CHECK(retried.front().entry.attempts == 1);
    CHECK(retried.front().entry.last_reply == "451 later");
  }

  TEST_CASE("an entry accepted with a lease is not given out to anyone else") {
    const asked::TempDir temp;
    auto [store, recovery] = asked::open(asked::options_in(temp.path()));
    const auto job = asked::message(1);
    REQUIRE(asked::accept(*store, job, true) == Accepted::stored);
    CHECK(asked::lease(*store).empty());
    CHECK_FALSE(asked::next_due(*store));
    CHECK(of(asked::counts(*store), State::in_delivery) == 1);
    REQUIRE(asked::change(*store, asked::mark(job.entry.id)));
    CHECK(asked::lease(*store).empty());
    CHECK(of(asked::counts(*store), State::in_doubt) == 1);
  }

  TEST_CASE("what is sent keeps its timeline but neither octets nor recipients") {
    const asked::TempDir temp;
    auto [store, recovery] = asked::open(asked::options_in(temp.path()));
    const auto id = asked::message(1).entry.id;
    REQUIRE(asked::accept(*store, asked::message(1), true) == Accepted::stored);
    REQUIRE(asked::change(*store, asked::mark(id)));
    CHECK(asked::octets(*store, id));
    auto sent = asked::change(id, State::sent, EventKind::sent);
    sent.upstream_id = "0107-1";
    sent.event.detail = "250 Ok 0107-1";
    REQUIRE(asked::change(*store, sent));
    CHECK_FALSE(asked::octets(*store, id));
    CHECK(asked::timeline(*store, id) == "accepted in_doubt sent");
    const auto entry = asked::entry(*store, id);
    REQUIRE(entry);
    CHECK(entry->state == State::sent);
    CHECK(entry->upstream_id == "0107-1");
    CHECK(entry->envelope.forward_paths.empty());
    CHECK(entry->envelope.reverse_path.empty());
    CHECK(asked::lease(*store, noon + 24h).empty());
  }

  TEST_CASE("a change of what is sent, or of what is not there, is refused and changes nothing") {
    const asked::TempDir temp;
    auto [store, recovery] = asked::open(asked::options_in(temp.path()));
    const auto id = asked::message(1).entry.id;
    REQUIRE(asked::accept(*store, asked::message(1)) == Accepted::stored);
    REQUIRE(asked::change(*store, asked::change(id, State::sent, EventKind::sent)));
    CHECK_FALSE(asked::change(*store, asked::change(id, State::queued, EventKind::released)));
    CHECK(asked::timeline(*store, id) == "accepted sent");
    CHECK_FALSE(
        asked::change(*store, asked::change(QueueId(7), State::queued, EventKind::released)));
    CHECK(of(asked::counts(*store), State::queued) == 0);
  }

  TEST_CASE("held entries are looked at again in the order they fall due among the queued") {
    const asked::TempDir temp;
    auto [store, recovery] = asked::open(asked::options_in(temp.path()));
    auto early = asked::message(1);
    early.entry.state = State::held;
    early.entry.reason = policy::Reason::paced;
    early.entry.next_attempt = noon + 1s;
    auto late = asked::message(2);
    late.entry.next_attempt = noon + 2s;
    REQUIRE(asked::accept(*store, late) == Accepted::stored);
    REQUIRE(asked::accept(*store, early) == Accepted::stored);
    CHECK(asked::timeline(*store, early.entry.id) == "accepted held");
    CHECK(asked::next_due(*store) == noon + 1s);
    const auto counts = asked::counts(*store);
    CHECK(of(counts, State::held) == 1);
    CHECK(counts.held == decltype(counts.held){{policy::Reason::paced, std::uint64_t{1}}});
    CHECK(asked::lease(*store, noon).empty());
    const auto leased = asked::lease(*store, noon + 2s);
    REQUIRE(leased.size() == 2);
    CHECK(leased.front().entry.id == early.entry.id);
    CHECK(leased.front().entry.reason == policy::Reason::paced);
  }

  TEST_CASE("a lease is bounded by number and by octets, and gives at least one") {
    const asked::TempDir temp;
    auto [store, recovery] = asked::open(asked::options_in(temp.path()));
    for (std::uint32_t i = 0; i < 5; ++i)
      REQUIRE(asked::accept(*store, asked::message(i)) == Accepted::stored);
    CHECK(asked::lease(*store, noon, 2).size() == 2);
    CHECK(asked::lease(*store, noon, 10, 1).size() == 1);
    CHECK(asked::lease(*store).size() == 2);
  }

  TEST_CASE("beyond the bound of leases an accept with lease fails at once, without it is taken") {
    const asked::TempDir temp;
    auto options = asked::options_in(temp.path());
    options.most_leases = 1;
    auto [store, recovery] = asked::open(std::move(options));
    CHECK(asked::accept(*store, asked::message(1), true) == Accepted::stored);
    CHECK(asked::accept(*store, asked::message(2), true) == Accepted::failed);
    CHECK(asked::accept(*store, asked::message(2), false) == Accepted::stored);
    CHECK(asked::lease(*store).empty());
  }

  TEST_CASE("a queue id that is taken fails that accept alone") {
    const asked::TempDir temp;
    StallingDisk disk("duplicate");
    auto options = asked::options_in(temp.path());
    options.vfs = disk.vfs.name();
    auto [store, recovery] = asked::open(std::move(options));
    disk.closed = true;
    std::vector<std::future<Accepted>> answers;
    for (const std::uint32_t number : {1U, 2U, 1U, 3U}) {  // the last three share a commit
      auto promise = std::make_shared<std::promise<Accepted>>();
      answers.push_back(promise->get_future());
      const int before = disk.syncs;
      store->accept(asked::message(number), false, [promise](Acceptance a) {
        promise->set_value(a.outcome);
      });
      if (answers.size() == 1) REQUIRE(asked::becomes([&] { return disk.syncs > before; }));
    }
    disk.open_gate();
    CHECK(answers[0].get() == Accepted::stored);
    CHECK(answers[1].get() == Accepted::stored);
    CHECK(answers[2].get() == Accepted::failed);
    CHECK(answers[3].get() == Accepted::stored);
    CHECK(asked::lease(*store).size() == 3);
    CHECK(of(asked::counts(*store), State::in_delivery) == 3);
  }

  TEST_CASE(
      "an accept can be withdrawn while another commit is under way, and then is not stored") {
    const asked::TempDir temp;
    StallingDisk disk("withdrawal");
    auto options = asked::options_in(temp.path());
    options.vfs = disk.vfs.name();
    auto [store, recovery] = asked::open(std::move(options));
    disk.closed = true;
    std::promise<Accepted> first;
    std::promise<Accepted> second;
    const auto syncs = disk.syncs.load();
    const auto in_commit =
        store->accept(asked::message(1), false, [&](Acceptance a) { first.set_value(a.outcome); });
    REQUIRE(asked::becomes([&] { return disk.syncs > syncs; }));
    const auto waiting =
        store->accept(asked::message(2), true, [&](Acceptance a) { second.set_value(a.outcome); });
    CHECK_FALSE(in_commit->withdraw());
    CHECK(waiting->withdraw());
    disk.open_gate();
    CHECK(first.get_future().get() == Accepted::stored);
    CHECK(second.get_future().get() == Accepted::withdrawn);
    CHECK_FALSE(waiting->withdraw() == false);
    CHECK(asked::list(*store).size() == 1);
    CHECK(asked::accept(*store, asked::message(2), true) == Accepted::stored);  // its lease ended
  }

  TEST_CASE("over the bound an accept fails at once and the store says that it is not writable") {
    const asked::TempDir temp;
    StallingDisk disk("full-queue");
    auto options = asked::options_in(temp.path());
    options.vfs = disk.vfs.name();
    options.intake.accepts = 2;
    auto [store, recovery] = asked::open(std::move(options));
    disk.closed = true;
    std::atomic<int> stored{0};
    const auto count = [&](Acceptance a) { stored += a.outcome == Accepted::stored; };
    const auto syncs = disk.syncs.load();
    store->accept(asked::message(1), false, count);
    REQUIRE(asked::becomes([&] { return disk.syncs > syncs; }));
    store->accept(asked::message(2), false, count);
    CHECK(store->writable());
    store->accept(asked::message(3), false, count);
    CHECK_FALSE(store->writable());
    CHECK(asked::accept(*store, asked::message(4)) == Accepted::failed);
    disk.open_gate();
    CHECK(asked::becomes([&] { return stored == 3; }));
    CHECK(asked::becomes([&] { return store->writable(); }));
  }

  TEST_CASE(
      "reads beyond the bound are answered with nothing, those of delivery still with what there "
      "is") {
    const asked::TempDir temp;
    auto options = asked::options_in(temp.path());
    options.reads = 0;
    auto [store, recovery] = asked::open(std::move(options));
    REQUIRE(asked::accept(*store, asked::message(1)) == Accepted::stored);
    CHECK(asked::list(*store).empty());
    CHECK(asked::trace(*store, asked::message(1).entry.id.text()).empty());
    CHECK(asked::next_due(*store) == noon);
    CHECK(asked::lease(*store).size() == 1);
  }

  TEST_CASE("a large message is stored whole") {
    const asked::TempDir temp;
    auto [store, recovery] = asked::open(asked::options_in(temp.path()));
    const auto job = asked::message(1, 3 << 20);
    REQUIRE(asked::accept(*store, job) == Accepted::stored);
    const auto octets = asked::octets(*store, job.entry.id);
    REQUIRE(octets);
    CHECK(*octets == *job.octets);
  }

  TEST_CASE("listing filters, pages and shows leased entries as in delivery") {
    const asked::TempDir temp;
    auto [store, recovery] = asked::open(asked::options_in(temp.path()));
    for (std::uint32_t i = 0; i < 7; ++i) {
      auto job = asked::message(i);
      if (i % 2 == 1) job.entry.app = "blog";
      REQUIRE(asked::accept(*store, job) == Accepted::stored);
    }
    REQUIRE(asked::lease(*store, Wanted{noon, 1, 1, 1 << 20, {{"blog", false}}}).size() == 1);
    Filter filter;
    filter.limit = 3;
    const auto first = asked::list(*store, filter);
    REQUIRE(first.size() == 3);
    CHECK(first.front().state == State::in_delivery);
    filter.after = first.back().id;
    CHECK(asked::list(*store, filter).front().id == asked::message(3).entry.id);
    filter = {};
    filter.app = "blog";
    CHECK(asked::list(*store, filter).size() == 3);
    filter.state = State::in_delivery;
    CHECK(asked::list(*store, filter).empty());
    filter.app = "shop";
    CHECK(asked::list(*store, filter).size() == 1);
    filter.domain = "example.net";
    CHECK(asked::list(*store, filter).empty());
    filter = {};
    filter.reason = policy::Reason::paced;
    CHECK(asked::list(*store, filter).empty());
  }

  TEST_CASE("a listing over many rows comes page by page and misses none") {
    const asked::TempDir temp;
    auto [store, recovery] = asked::open(asked::options_in(temp.path()));
    constexpr std::uint32_t many = 4100;  // three readings of 2000
    std::atomic<std::uint32_t> stored{0};
    for (std::uint32_t i = 0; i < many; ++i)
      store->accept(asked::message(i, 10), false, [&](Acceptance a) {
        stored += a.outcome == Accepted::stored;
      });
    REQUIRE(asked::becomes([&] { return stored == many; }));
    Filter filter;
    filter.limit = 5000;  // more than is ever given
    CHECK(asked::list(*store, filter).size() == 1000);
    filter.after = asked::message(many - 2).entry.id;
    CHECK(asked::list(*store, filter).size() == 1);
    filter = {};
    filter.state = State::held;
    CHECK(asked::list(*store, filter).empty());
  }

  TEST_CASE("counts follow every change, and name the oldest that is not settled") {
    const asked::TempDir temp;
    auto [store, recovery] = asked::open(asked::options_in(temp.path()));
    CHECK_FALSE(asked::counts(*store).oldest);
    for (std::uint32_t i = 0; i < 3; ++i) {
      auto job = asked::message(i);
      job.entry.accepted_at = noon + std::chrono::seconds(i);
      REQUIRE(asked::accept(*store, job) == Accepted::stored);
    }
    CHECK(asked::counts(*store).oldest == noon);
    REQUIRE(asked::change(*store,
                          asked::change(asked::message(0).entry.id, State::sent, EventKind::sent)));
    CHECK(asked::counts(*store).oldest == noon + 1s);
    auto hold = asked::change(asked::message(1).entry.id, State::held, EventKind::held);
    hold.reason = policy::Reason::signing;
    REQUIRE(asked::change(*store, hold));
    CHECK(asked::counts(*store).oldest == noon + 2s);
    auto counts = asked::counts(*store);
    CHECK(of(counts, State::queued) == 1);
    CHECK(of(counts, State::held) == 1);
    CHECK(of(counts, State::sent) == 1);
    REQUIRE(asked::change(
        *store, asked::change(asked::message(1).entry.id, State::queued, EventKind::released)));
    CHECK(asked::counts(*store).oldest == noon + 1s);
    CHECK(asked::counts(*store).held.empty());
  }

  TEST_CASE("after closing every call fails, and closing twice is closing once") {
    const asked::TempDir temp;
    auto [store, recovery] = asked::open(asked::options_in(temp.path()));
    REQUIRE(asked::accept(*store, asked::message(1)) == Accepted::stored);
    store->close();
    store->close();
    CHECK_FALSE(store->writable());
    CHECK(asked::accept(*store, asked::message(2)) == Accepted::failed);
    CHECK_FALSE(asked::change(
        *store, asked::change(asked::message(1).entry.id, State::sent, EventKind::sent)));
    CHECK(asked::list(*store).empty());
    CHECK(asked::lease(*store).empty());
  }

  TEST_CASE("closing finishes what was asked for") {
    const asked::TempDir temp;
    std::atomic<int> stored{0};
    {
      auto [store, recovery] = asked::open(asked::options_in(temp.path()));
      for (std::uint32_t i = 0; i < 200; ++i)
        store->accept(asked::message(i), false, [&](Acceptance a) {
          stored += a.outcome == Accepted::stored;
        });
      store->close();
    }
    CHECK(stored == 200);
    auto [store, recovery] = asked::open(asked::options_in(temp.path()));
    CHECK(recovery.queued == 200);
  }

  TEST_CASE("many threads may ask at once and nothing is given out twice or lost") {
    const asked::TempDir temp;
    auto options = asked::options_in(temp.path());
    options.log = {64 << 10, 256 << 10};  // checkpoints meanwhile
    std::atomic<std::size_t> rows{0};
    options.sinks.committed = [&](std::chrono::duration<double>, std::size_t n) { rows += n; };
    auto [opened, recovery] = asked::open(std::move(options));
    Store& store = *opened;
    constexpr std::uint32_t each = 100;
    std::atomic<std::uint32_t> given{0};
    std::atomic<bool> twice{false};
    std::array<std::atomic<bool>, 4 * each> seen{};
    const auto deliver = [&] {
      while (given < 4 * each)
        for (const auto& job : asked::lease(store, noon, 7)) {
          const auto number = static_cast<std::size_t>(job.entry.id.value() & 0x3fffff);
          twice = twice || seen[number].exchange(true);
          REQUIRE(asked::change(store, asked::mark(job.entry.id)));
          REQUIRE(asked::change(store, asked::change(job.entry.id, State::sent, EventKind::sent)));
          ++given;
        }
    };
    std::vector<std::thread> threads;
    for (std::uint32_t t = 0; t < 4; ++t)
      threads.emplace_back([&, t] {
        for (std::uint32_t i = 0; i < each; ++i)
          store.accept(asked::message(t * each + i), false, [](Acceptance) {});
      });
    threads.emplace_back(deliver);
    threads.emplace_back(deliver);
    threads.emplace_back([&] {
      while (given < 4 * each) static_cast<void>(asked::counts(store));
    });
    for (auto& thread : threads) thread.join();
    CHECK_FALSE(twice);
    CHECK(of(asked::counts(store), State::sent) == 4 * each);
    CHECK(rows == 3 * 4 * each);
  }
}
