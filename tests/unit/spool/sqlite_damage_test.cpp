#include "relay/spool/sqlite_store.hpp"
#include "tests/crash/shim_vfs.hpp"
#include "tests/unit/spool/asked.hpp"
#include "tests/unit/spool/damage.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <limits>

using namespace spool;
using namespace std::chrono_literals;
using asked::noon;
using policy::EventKind;

namespace {

constexpr std::int64_t all = -1;
constexpr std::int64_t none = -2;

/// A disk that does not give a page, or any.
struct WornDisk {
  explicit WornDisk(std::string name)
      : vfs(
            std::move(name),
            [](const crash::Op&, const std::function<int()>& real) { return real(); },
            [this](std::int64_t at) { return worn == all || worn == at; }) {}
  std::atomic<std::int64_t> worn{none};
  crash::ShimVfs vfs;
};

QueueId id(std::uint32_t number) { return asked::message(number).entry.id; }

/// A closed spool with messages of 30,000 octets.
void fill(const std::filesystem::path& directory, std::uint32_t count) {
  auto [store, recovery] = asked::open(asked::options_in(directory));
  for (std::uint32_t i = 0; i < count; ++i)
    REQUIRE(asked::accept(*store, asked::message(i, 30'000)) == Accepted::stored);
}

std::uint64_t in(Store& store, State state) {
  return asked::counts(store).by_state[static_cast<std::size_t>(state)];
}

Change failed(std::uint32_t number) {
  return asked::change(id(number), State::failed, EventKind::failed);
}

Change sent(std::uint32_t number) {
  return asked::change(id(number), State::sent, EventKind::sent);
}

}  // namespace

TEST_SUITE("relay/spool/sqlite_damage") {
  TEST_CASE("a disk that does not read for a moment costs no mail") {
    const asked::TempDir temp;
    fill(temp.path(), 20);
    WornDisk disk("worn-all");
    auto options = asked::options_in(temp.path());
    options.vfs = disk.vfs.name();
    std::atomic<int> told{0};
    options.sinks.trouble = [&](const std::string&) { ++told; };
    auto [store, recovery] = asked::open(options);
    disk.worn = all;
    CHECK(asked::lease(*store).empty());
    CHECK(told >= 1);
    disk.worn = none;
    CHECK(asked::lease(*store, noon + 2min).size() == 20);
    CHECK(in(*store, State::failed) == 0);
  }

  TEST_CASE("a message that the disk does not give waits, and those behind it are reached") {
    const asked::TempDir temp;
    fill(temp.path(), 20);
    WornDisk disk("worn-one");
    disk.worn = damage::octets_go_on_at(temp.path(), id(3));
    auto options = asked::options_in(temp.path());
    options.vfs = disk.vfs.name();
    auto [store, recovery] = asked::open(options);
    std::size_t given = 0;
    for (int look = 0; look < 2; ++look) given += asked::lease(*store).size();
    CHECK(given == 19);
    CHECK(asked::next_due(*store) == noon + 1min);
    CHECK(asked::lease(*store, noon + 30s).empty());
    CHECK(asked::lease(*store, noon + 1min).empty());
    disk.worn = none;
    CHECK(asked::lease(*store, noon + 2min).size() == 1);
    CHECK(in(*store, State::failed) == 0);
  }

  TEST_CASE("octets that lead nowhere are damage: set aside, and the others go on") {
    const asked::TempDir temp;
    fill(temp.path(), 20);
    damage::break_octets(temp.path(), id(3));
    auto [store, recovery] = asked::open(asked::options_in(temp.path()));
    CHECK(asked::lease(*store).size() == 19);
    CHECK(asked::becomes([&] { return in(*store, State::failed) == 1; }));
  }

  TEST_CASE("a change that leads to damage is given up, and the spool goes on") {
    const asked::TempDir temp;
    fill(temp.path(), 20);
    damage::break_octets(temp.path(), id(3));
    auto [store, recovery] = asked::open(asked::options_in(temp.path()));
    CHECK_FALSE(asked::change(*store, sent(3)));
    CHECK(asked::becomes([&] { return store->writable(); }));
    CHECK(asked::accept(*store, asked::message(50)) == Accepted::stored);
    CHECK(asked::change(*store, sent(4)));
  }

  TEST_CASE("a change that the disk does not read for is given up once the disk works for others") {
    const asked::TempDir temp;
    fill(temp.path(), 20);
    WornDisk disk("worn-change");
    disk.worn = damage::octets_go_on_at(temp.path(), id(3));
    auto options = asked::options_in(temp.path());
    options.vfs = disk.vfs.name();
    auto [store, recovery] = asked::open(options);
    CHECK_FALSE(asked::change(*store, sent(3)));
    CHECK(asked::becomes([&] { return store->writable(); }));
    CHECK(asked::accept(*store, asked::message(50)) == Accepted::stored);
  }

  TEST_CASE("damaged failed entries lose their envelope, and hold no retention up") {
    const asked::TempDir temp;
    constexpr std::uint32_t many = 58;
    constexpr std::uint32_t damaged = 52;  // more than is looked at of a lane at once
    {
      auto [store, recovery] = asked::open(asked::options_in(temp.path()));
      for (std::uint32_t i = 0; i < many; ++i) {
        REQUIRE(asked::accept(*store, asked::message(i, 30'000)) == Accepted::stored);
        REQUIRE(asked::change(*store, failed(i)));
      }
    }
    for (std::uint32_t i = 0; i < damaged; ++i) damage::break_octets(temp.path(), id(i));
    auto [store, recovery] = asked::open(asked::options_in(temp.path()));
    const auto tidy = [&](std::chrono::hours timeline) {
      store->tidy(noon + 48h, timeline, 24h, 24h);
      return true;
    };
    CHECK(asked::becomes([&] {
      return tidy(72h) && asked::octets(*store, id(many - 1)) == nullptr &&
             asked::entry(*store, id(0))->envelope.forward_paths.empty() &&
             asked::entry(*store, id(damaged - 1))->envelope.forward_paths.empty();
    }));
    CHECK(asked::becomes([&] { return tidy(24h) && in(*store, State::failed) == damaged; }));
    CHECK(asked::accept(*store, asked::message(500)) == Accepted::stored);
  }

  TEST_CASE("orders and listings go on behind a damaged page, and the order says so") {
    const asked::TempDir temp;
    constexpr std::uint32_t many = 300;
    {
      auto [store, recovery] = asked::open(asked::options_in(temp.path()));
      for (std::uint32_t i = 0; i < many; ++i)
        REQUIRE(asked::accept(*store, asked::message(i, 10)) == Accepted::stored);
    }
    damage::break_row(temp.path(), id(150));
    auto [store, recovery] = asked::open(asked::options_in(temp.path()), noon + 24h);
    Filter filter;
    filter.limit = 1000;
    const auto listed = asked::list(*store, filter);
    REQUIRE(listed.size() > many - 60);
    CHECK(listed.size() < many);
    CHECK(listed.front().id == id(0));
    CHECK(listed.back().id == id(many - 1));
    Order order;
    order.operation = Operation::hold;
    order.now = noon + 1h;
    order.until = noon + 2h;
    order.dry_run = true;
    CHECK(asked::order(*store, order).matched == listed.size());
    order.dry_run = false;
    const auto done = asked::order(*store, order);
    CHECK(done.matched > listed.size() / 2);  // not those beside the page: they do not fit any more
    CHECK_FALSE(done.complete);
    CHECK(asked::entry(*store, id(0))->state == State::held);
  }
}
