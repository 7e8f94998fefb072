#include "relay/spool/sqlite_connection.hpp"
#include "relay/spool/sqlite_store.hpp"
#include "tests/unit/spool/asked.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <mutex>
#include <string>
#include <vector>

using namespace spool;
using namespace std::chrono_literals;
using asked::noon;
using policy::EventKind;

namespace {

/// Changes a closed spool behind its back.
void spoil(const std::filesystem::path& directory, const std::string& sql) {
  auto connection = sqlite::Connection::open(directory / "spool.sqlite", "");
  REQUIRE(connection.has_value());
  REQUIRE(connection->execute(sql.c_str()));
  REQUIRE(connection->changed_rows() == 1);
}

std::string number(const Job& job) { return std::to_string(job.entry.id.value()); }

}  // namespace

TEST_SUITE("relay/spool/sqlite_recovery") {
  TEST_CASE("opening changes nothing: what was in doubt stays so until its time has come") {
    const asked::TempDir temp;
    const auto id = [](std::uint32_t n) { return asked::message(n).entry.id; };
    {
      auto [store, recovery] = asked::open(asked::options_in(temp.path()));
      CHECK(recovery.queued == 0);
      for (std::uint32_t i = 0; i < 4; ++i)
        REQUIRE(asked::accept(*store, asked::message(i), i == 0) == Accepted::stored);
      auto doubt = asked::mark(id(0), noon + 1h);
      doubt.attempts = 2;
      REQUIRE(asked::change(*store, doubt));
      auto hold = asked::change(id(1), State::held, EventKind::held, noon + 2h);
      hold.reason = policy::Reason::by_hand;
      REQUIRE(asked::change(*store, hold));
      REQUIRE(asked::change(*store, asked::change(id(2), State::failed, EventKind::failed)));
    }
    for (int opening = 0; opening < 2; ++opening) {
      CAPTURE(opening);
      auto [store, recovery] = asked::open(asked::options_in(temp.path()), noon + 5min);
      CHECK(recovery.queued == 1);
      CHECK(recovery.in_doubt == 1);
      CHECK(recovery.held == 1);
      CHECK(asked::timeline(*store, id(0)) == "accepted in_doubt");
      CHECK(asked::entry(*store, id(1))->reason == policy::Reason::by_hand);
      CHECK(asked::lease(*store, noon + 1h - 1ms).size() == 1);
      CHECK(asked::next_due(*store) == noon + 1h);
      const auto due = asked::lease(*store, noon + 1h);
      REQUIRE(due.size() == 1);
      CHECK(due.front().entry.id == id(0));
      CHECK(due.front().entry.state == State::in_doubt);
      CHECK(due.front().entry.attempts == 2);
      CHECK(*due.front().octets == *asked::message(0).octets);
      const auto counts = asked::counts(*store);
      CHECK(counts.by_state[static_cast<std::size_t>(State::failed)] == 1);
      CHECK(counts.held.size() == 1);
      CHECK(counts.oldest == noon);
    }
  }

  TEST_CASE("a note is there after the next start, with its latest value") {
    const asked::TempDir temp;
    {
      auto [store, recovery] = asked::open(asked::options_in(temp.path()));
      CHECK(recovery.notes.empty());
      store->note("paused", "no");
      store->note("paused", "since noon");
      store->note("rate", "14");
    }
    auto [store, recovery] = asked::open(asked::options_in(temp.path()));
    CHECK(recovery.notes == decltype(recovery.notes){{"paused", "since noon"}, {"rate", "14"}});
  }

  TEST_CASE("a note of a change is kept when the change is made, and only then") {
    const asked::TempDir temp;
    {
      auto [store, recovery] = asked::open(asked::options_in(temp.path()));
      REQUIRE(asked::accept(*store, asked::message(0)) == Accepted::stored);
      auto held = asked::change(asked::message(0).entry.id, State::held, EventKind::held);
      held.note = Note{"told", "shop"};
      CHECK(asked::change(*store, held));
      auto absent = asked::change(asked::message(1).entry.id, State::held, EventKind::held);
      absent.note = Note{"told", "nobody"};
      CHECK_FALSE(asked::change(*store, absent));
    }
    auto [store, recovery] = asked::open(asked::options_in(temp.path()));
    CHECK(recovery.notes == decltype(recovery.notes){{"told", "shop"}});
  }

  TEST_CASE("how much of an app is held for a reason is known, from the start on") {
    const asked::TempDir temp;
    const auto held = [](std::uint32_t number, const char* app, policy::Reason reason) {
      auto job = asked::message(number);
      job.entry.app = app;
      job.entry.domain = number % 2 == 0 ? "example.com" : "example.org";
      job.entry.state = State::held;
      job.entry.reason = reason;
      return job;
    };
    const auto check = [](const Store& store, std::uint64_t unknown) {
      CHECK(store.held("shop", policy::Reason::paced) == 3 - unknown);
      CHECK(store.held("shop", policy::Reason::signing) == 1);
      CHECK(store.held("shop", policy::Reason::by_hand) == unknown);
      CHECK(store.held("blog", policy::Reason::paced) == 2);
      CHECK(store.held("blog", policy::Reason::signing) == 0);
      CHECK(store.held("news", policy::Reason::paced) == 0);
    };
    {
      auto [store, recovery] = asked::open(asked::options_in(temp.path()));
      for (std::uint32_t i = 0; i < 3; ++i)
        asked::accept(*store, held(i, "shop", policy::Reason::paced));
      asked::accept(*store, held(3, "shop", policy::Reason::signing));
      for (std::uint32_t i = 4; i < 6; ++i)
        asked::accept(*store, held(i, "blog", policy::Reason::paced));
      asked::accept(*store, held(6, "news", policy::Reason::paced));
      REQUIRE(asked::change(
          *store, asked::change(asked::message(6).entry.id, State::queued, EventKind::released)));
      check(*store, 0);
    }
    check(*asked::open(asked::options_in(temp.path())).store, 0);
    spoil(
        temp.path(),
        "UPDATE entries SET reason = 'of-a-later-version' WHERE id = " + number(asked::message(0)));
    check(*asked::open(asked::options_in(temp.path())).store, 1);
  }

  TEST_CASE("a damaged entry is set aside as failed, told and counted, and stops nobody") {
    const asked::TempDir temp;
    const std::string damages[] = {
        "UPDATE entries SET envelope = x'0152' WHERE id = ",
        "UPDATE entries SET envelope = NULL WHERE id = ",
        "DELETE FROM octets WHERE id = ",
        "UPDATE octets SET content = x'41' WHERE id = ",
    };
    {
      auto [store, recovery] = asked::open(asked::options_in(temp.path()));
      for (std::uint32_t i = 0; i <= std::size(damages); ++i)
        REQUIRE(asked::accept(*store, asked::message(i)) == Accepted::stored);
    }
    for (std::uint32_t i = 0; i < std::size(damages); ++i)
      spoil(temp.path(), damages[i] + number(asked::message(i)));

    auto options = asked::options_in(temp.path());
    std::atomic<int> quarantined{0};
    std::atomic<int> told{0};
    options.sinks.quarantined = [&](QueueId) { ++quarantined; };
    options.sinks.trouble = [&](const std::string&) { ++told; };
    auto [store, recovery] = asked::open(std::move(options));
    CHECK(recovery.queued == 5);
    const auto leased = asked::lease(*store);
    REQUIRE(leased.size() == 1);
    CHECK(leased.front().entry.id == asked::message(4).entry.id);
    CHECK(quarantined == 4);
    CHECK(told == 4);
    for (std::uint32_t i = 0; i < 4; ++i) {
      CAPTURE(i);
      const auto id = asked::message(i).entry.id;
      CHECK(asked::becomes([&] { return asked::timeline(*store, id) == "accepted quarantined"; }));
      CHECK(asked::entry(*store, id)->state == State::failed);
      CHECK_FALSE(asked::entry(*store, id)->last_reply.empty());
    }
    CHECK(asked::counts(*store).by_state[static_cast<std::size_t>(State::failed)] == 4);
    CHECK_FALSE(asked::next_due(*store));
  }

  TEST_CASE("a later version's reason for a hold counts as one that a person ends") {
    const asked::TempDir temp;
    auto job = asked::message(1);
    job.entry.state = State::held;
    job.entry.reason = policy::Reason::signing;
    {
      auto [store, recovery] = asked::open(asked::options_in(temp.path()));
      REQUIRE(asked::accept(*store, job) == Accepted::stored);
    }
    spoil(temp.path(), "UPDATE entries SET reason = 'moon' WHERE id = " + number(job));
    auto [store, recovery] = asked::open(asked::options_in(temp.path()));
    const decltype(Counts::held) by_hand{{policy::Reason::by_hand, std::uint64_t{1}}};
    CHECK(asked::counts(*store).held == by_hand);
    const auto leased = asked::lease(*store);
    REQUIRE(leased.size() == 1);
    CHECK(leased.front().entry.reason == policy::Reason::by_hand);
    store->give_back(job.entry.id);
    Order release;
    release.operation = Operation::release;
    release.which.reason = policy::Reason::by_hand;
    release.now = noon;
    CHECK(asked::order(*store, release).matched == 1);
    CHECK(asked::counts(*store).held.empty());
  }

  TEST_CASE("an entry in doubt or held whose octets are gone is quarantined when it is looked at") {
    const asked::TempDir temp;
    const auto doubtful = asked::message(1);
    auto held = asked::message(2);
    held.entry.state = State::held;
    held.entry.reason = policy::Reason::signing;
    held.entry.next_attempt = noon + 1h;
    {
      auto [store, recovery] = asked::open(asked::options_in(temp.path()));
      REQUIRE(asked::accept(*store, doubtful, true) == Accepted::stored);
      REQUIRE(asked::accept(*store, held) == Accepted::stored);
      REQUIRE(asked::change(*store, asked::mark(doubtful.entry.id)));
    }
    spoil(temp.path(), "DELETE FROM octets WHERE id = " + number(doubtful));
    spoil(temp.path(), "DELETE FROM octets WHERE id = " + number(held));
    auto [store, recovery] = asked::open(asked::options_in(temp.path()));
    CHECK(asked::lease(*store).empty());
    CHECK(asked::lease_held(*store, policy::Reason::signing).empty());
    CHECK(asked::becomes([&] {
      return asked::timeline(*store, doubtful.entry.id) == "accepted in_doubt quarantined" &&
             asked::timeline(*store, held.entry.id) == "accepted held quarantined";
    }));
    CHECK_FALSE(asked::next_due(*store));
  }

  TEST_CASE("an entry whose state is no word is counted as failed and left alone") {
    const asked::TempDir temp;
    const auto job = asked::message(1);
    {
      auto [store, recovery] = asked::open(asked::options_in(temp.path()));
      REQUIRE(asked::accept(*store, job) == Accepted::stored);
    }
    spoil(temp.path(), "UPDATE entries SET state = 'nonsense' WHERE id = " + number(job));
    auto [store, recovery] = asked::open(asked::options_in(temp.path()));
    CHECK(recovery.queued == 0);
    CHECK(asked::lease(*store).empty());
    CHECK(asked::counts(*store).by_state[static_cast<std::size_t>(State::failed)] == 1);
    CHECK(asked::change(*store, asked::change(job.entry.id, State::queued, EventKind::released)));
    CHECK(asked::lease(*store).size() == 1);
  }

  TEST_CASE("a spool of a newer schema is refused in one sentence, an expanded one is opened") {
    const asked::TempDir temp;
    { auto opened = asked::open(asked::options_in(temp.path())); }
    spoil(temp.path(), "UPDATE meta SET value = '99' WHERE name = 'schema'");
    CHECK(open_sqlite(asked::options_in(temp.path()), noon).has_value());
    spoil(temp.path(), "UPDATE meta SET value = '99' WHERE name = 'schema_needs'");
    const auto refused = open_sqlite(asked::options_in(temp.path()), noon);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().sentence().find("newer postern") != std::string::npos);
  }

  TEST_CASE("a file that is no spool, or lacks what it needs, is refused in one sentence") {
    const asked::TempDir temp;
    { auto opened = asked::open(asked::options_in(temp.path())); }
    SUBCASE("a table is missing") {
      auto connection = sqlite::Connection::open(temp.path() / "spool.sqlite", "");
      REQUIRE(connection.has_value());
      REQUIRE(connection->execute("DROP TABLE events"));
    }
    SUBCASE("the secret is missing") {
      spoil(temp.path(), "DELETE FROM meta WHERE name = 'trace_secret'");
    }
    SUBCASE("it is no database") {
      std::filesystem::resize_file(temp.path() / "spool.sqlite", 100);
    }
    const auto refused = open_sqlite(asked::options_in(temp.path()), noon);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().sentence().find('\n') == std::string::npos);
    CHECK(refused.error().sentence().ends_with("."));
  }

  TEST_CASE("a directory that is not there is refused") {
    const asked::TempDir temp;
    CHECK_FALSE(open_sqlite(asked::options_in(temp.path() / "missing"), noon).has_value());
  }

  TEST_CASE("the spool's file is for its owner alone") {
    const asked::TempDir temp;
    auto [store, recovery] = asked::open(asked::options_in(temp.path()));
    REQUIRE(asked::accept(*store, asked::message(1)) == Accepted::stored);
    int files = 0;
    for (const auto& file : std::filesystem::directory_iterator(temp.path())) {
      CAPTURE(file.path().string());
      CHECK((file.status().permissions() & std::filesystem::perms(077)) ==
            std::filesystem::perms::none);
      ++files;
    }
    CHECK(files == 3);  // the file, its log, its shared memory
  }
}
