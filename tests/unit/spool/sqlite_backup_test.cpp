#include "relay/spool/backup.hpp"
#include "relay/spool/data_dir.hpp"
#include "relay/spool/sqlite_connection.hpp"
#include "relay/spool/sqlite_store.hpp"
#include "tests/unit/spool/asked.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <fstream>
#include <future>
#include <set>
#include <string>
#include <thread>

using namespace spool;
using namespace std::chrono_literals;
using asked::noon;
using policy::EventKind;
using policy::Reason;

namespace {

QueueId id(std::uint32_t number) { return asked::message(number).entry.id; }

std::set<std::string> names_in(const std::filesystem::path& directory) {
  std::set<std::string> names;
  for (const auto& file : std::filesystem::directory_iterator(directory))
    names.insert(file.path().filename());
  return names;
}

/// A directory with the backup of a spool that has five entries: 0 queued, 1 held, 2 in doubt,
/// 3 sent, 4 failed.
struct BackedUp {
  BackedUp() {
    auto [store, recovery] = asked::open(asked::options_in(from.path()));
    for (std::uint32_t i = 0; i < 5; ++i)
      REQUIRE(asked::accept(*store, asked::message(i)) == Accepted::stored);
    auto hold = asked::change(id(1), State::held, EventKind::held, noon + 1min);
    hold.reason = Reason::paced;
    REQUIRE(asked::change(*store, hold));
    REQUIRE(asked::change(*store, asked::mark(id(2))));
    REQUIRE(asked::change(*store, asked::change(id(3), State::sent, EventKind::sent)));
    REQUIRE(asked::change(*store, asked::change(id(4), State::failed, EventKind::failed)));
    REQUIRE(asked::backup(*store, file()) == "");
  }
  [[nodiscard]] std::filesystem::path file() const { return to.path() / "backup"; }

  asked::TempDir from, to;
};

}  // namespace

TEST_SUITE("relay/spool/sqlite_backup") {
  TEST_CASE("a backup is one file, for its owner alone, and never takes another's place") {
    const asked::TempDir temp;
    auto [store, recovery] = asked::open(asked::options_in(temp.path()));
    REQUIRE(asked::accept(*store, asked::message(1)) == Accepted::stored);
    const asked::TempDir target;
    const auto file = target.path() / "b";
    REQUIRE(asked::backup(*store, file) == "");
    CHECK(names_in(target.path()) == std::set<std::string>{"b"});
    CHECK((std::filesystem::status(file).permissions() & std::filesystem::perms(0777)) ==
          std::filesystem::perms(0600));
    CHECK(asked::backup(*store, file).find("there already") != std::string::npos);
    std::ofstream(target.path() / "c.partial") << "of one that was cut";
    CHECK(asked::backup(*store, target.path() / "c") == "");
  }

  TEST_CASE("a backup that fails says so in one sentence and leaves nothing") {
    const asked::TempDir temp;
    auto [store, recovery] = asked::open(asked::options_in(temp.path()));
    CHECK(asked::backup(*store, temp.path() / "missing" / "b").ends_with("."));
    store->close();
    CHECK(asked::backup(*store, temp.path() / "b").ends_with("."));
    for (const auto& name : names_in(temp.path())) CHECK(name.starts_with("spool.sqlite"));
  }

  TEST_CASE("one backup is made at a time, and the next may be asked for from the answer") {
    const asked::TempDir temp;
    auto [opened, recovery] = asked::open(asked::options_in(temp.path()));
    Store& store = *opened;
    for (std::uint32_t i = 0; i < 20; ++i)
      REQUIRE(asked::accept(store, asked::message(i, 1 << 20)) == Accepted::stored);
    const asked::TempDir target;
    std::promise<bool> second;
    std::promise<bool> first;
    store.backup(target.path() / "1", [&](mail::Result<void> one) {
      store.backup(target.path() / "2",
                   [&](mail::Result<void> two) { second.set_value(two.has_value()); });
      first.set_value(one.has_value());
    });
    const auto refused = asked::backup(store, target.path() / "3");
    CHECK(first.get_future().get());
    CHECK(second.get_future().get());
    CHECK(refused.find("under way") != std::string::npos);
    CHECK(names_in(target.path()) == std::set<std::string>{"1", "2"});
  }

  TEST_CASE("a backup under load is of one moment, and the load goes on") {
    const asked::TempDir temp;
    auto options = asked::options_in(temp.path());
    options.log = {64 << 10, 128 << 10};
    auto [opened, recovery] = asked::open(std::move(options));
    Store& store = *opened;
    for (std::uint32_t i = 0; i < 300; ++i)
      REQUIRE(asked::accept(store, asked::message(i, 20'000)) == Accepted::stored);
    const asked::TempDir target;
    std::atomic<bool> over{false};
    std::thread load([&] {
      for (std::uint32_t i = 300; !over; ++i)
        REQUIRE(asked::accept(store, asked::message(i)) == Accepted::stored);
    });
    const auto said = asked::backup(store, target.path() / "spool.sqlite");
    over = true;
    load.join();
    REQUIRE(said == "");
    auto copy = asked::open(asked::options_in(target.path()));
    Filter all;
    all.limit = 1000;
    std::uint32_t expected = 0;  // no gap: whoever is there came before whoever is not
    for (const auto& entry : asked::list(*copy.store, all)) CHECK(entry.id == id(expected++));
    CHECK(expected >= 300);
    CHECK(copy.recovery.queued == asked::lease(*copy.store, noon, 10'000).size());
  }

  TEST_CASE("closing gives up a backup under way and leaves nothing of it") {
    const asked::TempDir temp;
    auto [store, recovery] = asked::open(asked::options_in(temp.path()));
    for (std::uint32_t i = 0; i < 20; ++i)
      REQUIRE(asked::accept(*store, asked::message(i, 1 << 20)) == Accepted::stored);
    const asked::TempDir target;
    std::atomic<int> answers{0};
    std::atomic<bool> made{false};
    store->backup(target.path() / "b", [&](mail::Result<void> result) {
      made = result.has_value();
      ++answers;
    });
    store->close();
    CHECK(answers == 1);
    CHECK(names_in(target.path()) == (made ? std::set<std::string>{"b"} : std::set<std::string>{}));
  }

  TEST_CASE("a restored spool holds everything that may still be sent, and sends nothing") {
    const BackedUp backup;
    const asked::TempDir target;
    const auto data_dir = target.path() / "data";
    const auto held = restore(backup.file(), data_dir, noon + 1h, noon + 100h);
    REQUIRE(held.has_value());
    CHECK(*held == 3);
    CHECK(names_in(data_dir) == std::set<std::string>{"lock", "spool.sqlite"});
    auto [store, recovery] = asked::open(asked::options_in(data_dir));
    CHECK(recovery.held == 3);
    CHECK(recovery.queued + recovery.in_doubt == 0);
    CHECK(asked::lease(*store, noon + 99h).empty());
    CHECK(asked::timeline(*store, id(0)) == "accepted held");
    CHECK(asked::timeline(*store, id(1)) == "accepted held held");
    CHECK(asked::timeline(*store, id(2)) == "accepted in_doubt held");
    CHECK(asked::timeline(*store, id(3)) == "accepted sent");
    CHECK(asked::entry(*store, id(0))->held_since == noon + 1h);
    CHECK(asked::entry(*store, id(1))->held_since == noon + 1min);
    CHECK(asked::entry(*store, id(2))->reason == Reason::restored);
    Order release;
    release.operation = Operation::release;
    release.which.reason = Reason::restored;
    release.now = noon + 2h;
    CHECK(asked::order(*store, release).matched == 3);
    CHECK(asked::lease(*store, noon + 2h).size() == 3);
  }

  TEST_CASE("a restored spool has the documents and the audit trail of the backup") {
    const asked::TempDir temp;
    const asked::TempDir target;
    const auto file = target.path() / "backup";
    {
      auto [store, recovery] = asked::open(asked::options_in(temp.path()));
      REQUIRE(asked::write(*store, {{"app", "shop", "{}", 0}}, asked::done_to("shop", "added")) ==
              Written::stored);
      REQUIRE(asked::backup(*store, file) == "");
      REQUIRE(asked::write(*store, {{"app", "shop", {}, 1}}, asked::done_to("shop", "removed")) ==
              Written::stored);
    }
    REQUIRE(restore(file, temp.path(), noon, noon + 1h).has_value());
    auto [store, recovery] = asked::open(asked::options_in(temp.path()));
    CHECK(asked::told(recovery.documents) == "app/shop 1 {}");
    CHECK(asked::told(asked::audit(*store)) == "1 shop: added");
  }

  TEST_CASE("what was there before a restore is kept beside it, each time") {
    const BackedUp backup;
    const asked::TempDir target;
    {
      auto [store, recovery] = asked::open(asked::options_in(target.path()));
      REQUIRE(asked::accept(*store, asked::message(77)) == Accepted::stored);
    }
    REQUIRE(restore(backup.file(), target.path(), noon, noon + 1h).has_value());
    REQUIRE(restore(backup.file(), target.path(), noon, noon + 1h).has_value());
    CHECK(names_in(target.path()) == std::set<std::string>{"lock",
                                                           "spool.sqlite",
                                                           "spool.sqlite.before-restore-1",
                                                           "spool.sqlite.before-restore-2"});
    const asked::TempDir before;
    std::filesystem::copy_file(target.path() / "spool.sqlite.before-restore-1",
                               before.path() / "spool.sqlite");
    auto [store, recovery] = asked::open(asked::options_in(before.path()));
    CHECK(asked::entry(*store, id(77)));
  }

  TEST_CASE("a restore is refused in one sentence, and the spool that is there stays") {
    const BackedUp backup;
    const asked::TempDir target;
    {
      auto [store, recovery] = asked::open(asked::options_in(target.path()));
      REQUIRE(asked::accept(*store, asked::message(77)) == Accepted::stored);
    }
    const auto refused = [&](const std::filesystem::path& file, const char* word) {
      const auto result = restore(file, target.path(), noon, noon + 1h);
      REQUIRE_FALSE(result.has_value());
      CHECK(result.error().sentence().find(word) != std::string::npos);
      CHECK(result.error().sentence().ends_with("."));
      auto [store, recovery] = asked::open(asked::options_in(target.path()));
      CHECK(recovery.queued == 1);
    };
    {
      const auto lock = DataDir::open(target.path());
      REQUIRE(lock.has_value());
      refused(backup.file(), "in use");
    }
    refused(backup.to.path() / "missing", "no backup");
    const auto text = backup.to.path() / "text";
    std::ofstream(text) << std::string(5000, 'x');
    refused(text, "database");
    std::ofstream(backup.to.path() / "empty").flush();
    refused(backup.to.path() / "empty", "no spool");
    {
      auto connection = sqlite::Connection::open(backup.file(), "");
      REQUIRE(connection->execute("UPDATE meta SET value = '9' WHERE name = 'schema_needs'"));
    }
    refused(backup.file(), "newer postern");
  }
}
