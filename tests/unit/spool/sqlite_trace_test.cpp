#include "relay/spool/sqlite_connection.hpp"
#include "relay/spool/sqlite_recorder.hpp"
#include "relay/spool/sqlite_store.hpp"
#include "tests/unit/spool/asked.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <fstream>
#include <iterator>

using namespace spool;
using namespace std::chrono_literals;
using asked::noon;
using policy::EventKind;

namespace {

policy::Event refusal(std::string reference, WallTime at = noon) {
  policy::Event event;
  event.kind = EventKind::refused;
  event.at = at;
  event.reference = std::move(reference);
  event.app = "shop";
  event.reason = policy::Reason::attachment;
  event.detail = "Not sent: it has an attachment";
  return event;
}

void send(Store& store, std::uint32_t number) {
  REQUIRE(asked::accept(store, asked::message(number)) == Accepted::stored);
  auto sent = asked::change(asked::message(number).entry.id, State::sent, EventKind::sent);
  sent.upstream_id = "0107018c-" + std::to_string(number) + "-000000";
  REQUIRE(asked::change(store, sent));
}

std::string octets_of(const std::filesystem::path& directory) {
  std::string all;
  for (const auto& file : std::filesystem::directory_iterator(directory)) {
    std::ifstream stream(file.path(), std::ios::binary);
    all.append(std::istreambuf_iterator<char>(stream), {});
  }
  return all;
}

std::size_t rows_of(const std::filesystem::path& directory, std::string_view table) {
  auto connection = sqlite::Connection::open(directory / "spool.sqlite", "");
  REQUIRE(connection.has_value());
  sqlite::Statement count(*connection, "SELECT count(*) FROM " + std::string(table));
  sqlite::Rows rows(count);
  REQUIRE(rows.next());
  return static_cast<std::size_t>(rows.integer(0));
}

}  // namespace

TEST_SUITE("relay/spool/sqlite_trace") {
  TEST_CASE("an entry is traced by each of its names, also after it is sent") {
    const asked::TempDir temp;
    auto [store, recovery] = asked::open(asked::options_in(temp.path()));
    send(*store, 41);
    send(*store, 42);
    const auto id = asked::message(42).entry.id;
    for (const std::string& word : {id.text(),
                                    std::string("<42@example.com>"),
                                    std::string("42@EXAMPLE.com"),
                                    std::string("0107018c-42-000000"),
                                    std::string("user42@example.net"),
                                    std::string(" <User42@Example.net> ")}) {
      CAPTURE(word);
      const auto found = asked::trace(*store, word);
      REQUIRE(found.size() == 1);
      REQUIRE(found.front().entry);
      CHECK(found.front().entry->id == id);
      CHECK(found.front().timeline.size() == 2);
      CHECK(found.front().timeline.front().queue_id == id.text());
    }
    CHECK(asked::trace(*store, "nobody@example.net").empty());
    CHECK(asked::trace(*store, "").empty());
  }

  TEST_CASE("by a recipient of many, the newest twenty come, newest first") {
    const asked::TempDir temp;
    auto [store, recovery] = asked::open(asked::options_in(temp.path()));
    for (std::uint32_t i = 0; i < 25; ++i) {
      auto job = asked::message(i, 10);
      const auto hours = std::chrono::hours(i / 3);  // which are read one after another
      job.entry.id = QueueId::make((noon + hours).time_since_epoch() / 1ms + i, i);
      REQUIRE(asked::accept(*store, job) == Accepted::stored);
    }
    const auto found = asked::trace(*store, "all@example.org");
    REQUIRE(found.size() == 20);
    for (std::size_t i = 1; i < found.size(); ++i)
      CHECK(found[i - 1].entry->id > found[i].entry->id);
    CHECK(found.front().entry->message_id == "<24@example.com>");
  }

  TEST_CASE("an app's own twenty come, however many of others are newer") {
    const asked::TempDir temp;
    auto [store, recovery] = asked::open(asked::options_in(temp.path()));
    for (std::uint32_t i = 0; i < 50; ++i) {
      auto job = asked::message(i, 10);
      job.entry.app = i < 22 ? "shop" : "blog";
      REQUIRE(asked::accept(*store, job) == Accepted::stored);
      policy::Event refused = refusal("R1");
      refused.app = job.entry.app;
      store->record(refused);
    }
    const auto found = asked::trace(*store, "all@example.org", "shop");
    REQUIRE(found.size() == 20);
    CHECK(found.front().entry->message_id == "<21@example.com>");
    CHECK(found.back().entry->message_id == "<2@example.com>");
    CHECK(asked::trace(*store, "all@example.org").front().entry->app == "blog");
    CHECK(asked::trace(*store, "all@example.org", "news").empty());
    const std::string id = asked::message(30).entry.id.text();
    CHECK(asked::trace(*store, id, "blog").size() == 1);
    CHECK(asked::trace(*store, id, "shop").empty());
    REQUIRE(asked::becomes([&] { return asked::trace(*store, "R1", "shop").size() == 20; }));
    for (const auto& each : asked::trace(*store, "R1", "shop"))
      CHECK(each.timeline.front().app == "shop");
  }

  TEST_CASE("once sent, nothing in the store's files spells a recipient") {
    const asked::TempDir temp;
    {
      auto [store, recovery] = asked::open(asked::options_in(temp.path()));
      send(*store, 77);
      store->close();
    }
    const auto all = octets_of(temp.path());
    CHECK(all.find("77@example.com") !=
          std::string::npos);  // the Message-ID stays: we do look at what is there
    CHECK(all.find("user77@example.net") == std::string::npos);
  }

  TEST_CASE("a refusal is traced by its reference") {
    const asked::TempDir temp;
    auto [store, recovery] = asked::open(asked::options_in(temp.path()));
    store->record(refusal("R1"));
    store->record(refusal("R2"));
    REQUIRE(asked::becomes([&] { return !asked::trace(*store, "R2").empty(); }));
    const auto found = asked::trace(*store, "R1");
    REQUIRE(found.size() == 1);
    CHECK_FALSE(found.front().entry);
    REQUIRE(found.front().timeline.size() == 1);
    const auto& event = found.front().timeline.front();
    CHECK(event.kind == EventKind::refused);
    CHECK(event.reason == policy::Reason::attachment);
    CHECK(event.app == "shop");
    CHECK(event.detail == "Not sent: it has an attachment");
  }

  TEST_CASE("refusals are read in their order from any number on, also over a restart") {
    const asked::TempDir temp;
    {
      auto [store, recovery] = asked::open(asked::options_in(temp.path()));
      CHECK(recovery.last_refusal == 0);
      for (int i = 1; i <= 5; ++i) store->record(refusal("R" + std::to_string(i)));
      REQUIRE(asked::becomes([&] { return !asked::trace(*store, "R5").empty(); }));
      const auto first = asked::refusals(*store, 0, 100, 3);
      REQUIRE(first.size() == 3);
      CHECK(first.front().event.reference == "R1");
      CHECK(first.front().event.detail == "Not sent: it has an attachment");
      const auto rest = asked::refusals(*store, first.back().number, 100, 3);
      REQUIRE(rest.size() == 2);
      CHECK(rest.back().event.reference == "R5");
      const auto some = asked::refusals(*store, 0, first[1].number, 100);
      CHECK(some.size() == 2);
      store->close();
    }
    auto [store, recovery] = asked::open(asked::options_in(temp.path()));
    CHECK(recovery.last_refusal == 5);
    store->record(refusal("R6"));
    REQUIRE(asked::becomes([&] { return !asked::trace(*store, "R6").empty(); }));
    CHECK(asked::refusals(*store, 5, 100, 100).front().number > 5);
  }

  TEST_CASE("a note of an accept is kept with it, and not without it") {
    const asked::TempDir temp;
    {
      auto [store, recovery] = asked::open(asked::options_in(temp.path()));
      spool::Job job = asked::message(1);
      job.note = spool::Note{"told", "first"};
      REQUIRE(asked::accept(*store, job) == Accepted::stored);
      job.note->value = "second";  // the id is taken
      REQUIRE(asked::accept(*store, job) == Accepted::failed);
      store->close();
    }
    auto [store, recovery] = asked::open(asked::options_in(temp.path()));
    CHECK(recovery.notes.at("told") == "first");
  }

  TEST_CASE("refusals beyond their number push out the oldest") {
    const asked::TempDir temp;
    auto options = asked::options_in(temp.path());
    options.most_refusals = 10;
    auto [store, recovery] = asked::open(std::move(options));
    for (int i = 0; i < 15; ++i) store->record(refusal("R" + std::to_string(i)));
    REQUIRE(asked::becomes([&] { return !asked::trace(*store, "R14").empty(); }));
    CHECK(asked::trace(*store, "R4").empty());
    CHECK(asked::trace(*store, "R5").size() == 1);
    store->close();
    CHECK(rows_of(temp.path(), "refusals") == 10);
  }

  TEST_CASE("a flood of refusals pushes out its own alone, also over a restart") {
    const asked::TempDir temp;
    auto options = asked::options_in(temp.path());
    options.most_refusals = 100;
    const auto flood = [](spool::Store& store, const std::string& app, const std::string& prefix) {
      for (int i = 0; i < 150; ++i) {
        policy::Event refused = refusal(prefix + std::to_string(i));
        refused.app = app;
        store.record(refused);
      }
      REQUIRE(asked::becomes([&] { return !asked::trace(store, prefix + "149").empty(); }));
    };
    {
      auto [store, recovery] = asked::open(options);
      for (int i = 0; i < 30; ++i) store->record(refusal("R" + std::to_string(i)));
      flood(*store, "", "S");
      CHECK(asked::trace(*store, "R0").size() == 1);
      CHECK(asked::trace(*store, "S0").empty());
      store->close();
    }
    auto [store, recovery] = asked::open(options);
    flood(*store, "", "T");
    CHECK(asked::trace(*store, "R0").size() == 1);
    CHECK(asked::trace(*store, "S149").empty());
    flood(*store, "blog", "B");
    CHECK_FALSE(asked::trace(*store, "T149").empty());  // they share what there is
    CHECK(asked::trace(*store, "R29").size() == 1);
    store->close();
    CHECK(rows_of(temp.path(), "refusals") <= 100);
  }

  TEST_CASE("refusals over the queue's bound are dropped and counted") {
    const asked::TempDir temp;
    auto options = asked::options_in(temp.path());
    options.intake.refusals = 0;
    std::atomic<int> dropped{0};
    options.sinks.refusal_dropped = [&] { ++dropped; };
    auto [store, recovery] = asked::open(std::move(options));
    store->record(refusal("R1"));
    CHECK(dropped == 1);
  }

  TEST_CASE("tidy removes what is past its retention and nothing else") {
    const asked::TempDir temp;
    auto [store, recovery] = asked::open(asked::options_in(temp.path()));
    for (std::uint32_t i = 0; i < 450; ++i) send(*store, i);  // more than one removal takes
    REQUIRE(asked::accept(*store, asked::message(500)) == Accepted::stored);
    REQUIRE(asked::accept(*store, asked::message(501)) == Accepted::stored);
    const auto failed = asked::message(501).entry.id;
    REQUIRE(asked::change(*store, asked::change(failed, State::failed, EventKind::failed)));
    store->record(refusal("R1"));
    REQUIRE(asked::becomes([&] { return !asked::trace(*store, "R1").empty(); }));

    store->tidy(noon + 24h, 24h, 24h, 24h);  // to the millisecond: nothing yet
    REQUIRE(asked::accept(*store, asked::message(502)) == Accepted::stored);
    CHECK(asked::octets(*store, failed));
    CHECK(asked::trace(*store, "user3@example.net").size() == 1);

    store->tidy(noon + 24h + 1ms, 48h, 24h, 24h);  // content and refusals only
    REQUIRE(asked::becomes([&] { return asked::octets(*store, failed) == nullptr; }));
    CHECK(asked::entry(*store, failed)->envelope.forward_paths.empty());
    CHECK(asked::trace(*store, "R1").empty());
    CHECK(asked::timeline(*store, failed) == "accepted failed");

    store->tidy(noon + 24h + 1ms, 24h, 24h, 24h);
    REQUIRE(asked::becomes([&] {
      const auto counts = asked::counts(*store);
      return counts.by_state[static_cast<std::size_t>(State::sent)] == 0 &&
             counts.by_state[static_cast<std::size_t>(State::failed)] == 0;
    }));
    CHECK(asked::trace(*store, "user3@example.net").empty());
    CHECK(asked::lease(*store).size() == 2);
    store->close();
    CHECK(rows_of(temp.path(), "entries") == 2);
    CHECK(rows_of(temp.path(), "events") == 2);
    CHECK(rows_of(temp.path(), "octets") == 2);
    CHECK(rows_of(temp.path(), "trace_keys") == 6);
  }

  TEST_CASE("a file over its size is given back to the disk") {
    const asked::TempDir temp;
    auto options = asked::options_in(temp.path());
    options.keep_size = 1 << 20;
    auto [store, recovery] = asked::open(std::move(options));
    for (std::uint32_t i = 0; i < 4; ++i) {
      REQUIRE(asked::accept(*store, asked::message(i, 1 << 20)) == Accepted::stored);
      REQUIRE(asked::change(
          *store, asked::change(asked::message(i).entry.id, State::failed, EventKind::failed)));
    }
    store->tidy(noon + 48h, 24h, 24h, 24h);
    REQUIRE(asked::becomes([&] { return asked::list(*store).empty(); }));
    store->close();
    CHECK(std::filesystem::file_size(temp.path() / "spool.sqlite") < (1 << 20));
  }

  TEST_CASE("while the spool is over its size the oldest finished entries go, and no other") {
    const asked::TempDir temp;
    auto options = asked::options_in(temp.path());
    options.keep_size = 1 << 20;
    auto [store, recovery] = asked::open(std::move(options));
    const auto id = [](std::uint32_t n) { return asked::message(n).entry.id; };
    for (std::uint32_t i = 0; i < 8; ++i) {
      auto job = asked::message(i, 300 << 10);
      job.entry.app = i % 2 == 0 ? "shop" : "blog";
      REQUIRE(asked::accept(*store, job) == Accepted::stored);
    }
    const auto finish = [&](std::uint32_t i, State state) {
      const auto at = noon + std::chrono::minutes(i);
      REQUIRE(asked::change(*store, asked::change(id(i), state, EventKind::failed, at)));
    };
    for (std::uint32_t i = 1; i < 8; ++i) finish(i, State::failed);
    store->tidy(noon + 2h, 24h, 24h, 24h);
    REQUIRE(asked::becomes([&] { return asked::list(*store).size() < 5; }));
    CHECK(asked::entry(*store, id(0)));
    CHECK_FALSE(asked::entry(*store, id(1)));
    CHECK(asked::lease(*store).size() == 1);
    CHECK(asked::becomes([&] { return asked::list(*store).size() == 1; }));
  }

  TEST_CASE("what finished within the hour stays, however large the spool is") {
    const asked::TempDir temp;
    auto options = asked::options_in(temp.path());
    options.keep_size = 1 << 10;
    auto [store, recovery] = asked::open(std::move(options));
    for (std::uint32_t i = 0; i < 2; ++i) {
      REQUIRE(asked::accept(*store, asked::message(i)) == Accepted::stored);
      const auto at = noon + std::chrono::minutes(i);
      REQUIRE(asked::change(
          *store, asked::change(asked::message(i).entry.id, State::failed, EventKind::failed, at)));
    }
    store->tidy(noon + 1h + 1s, 24h, 24h, 24h);
    REQUIRE(asked::becomes([&] { return asked::list(*store).size() < 2; }));
    store->tidy(noon + 1h + 1s, 24h, 24h, 24h);
    REQUIRE(asked::accept(*store, asked::message(5)) == Accepted::stored);
    CHECK(asked::entry(*store, asked::message(1).entry.id));
  }

  TEST_CASE("delivery waits for no trace, however far back one looks, and closing answers all") {
    const asked::TempDir temp;
    auto [store, recovery] = asked::open(asked::options_in(temp.path()));
    for (std::uint32_t i = 0; i < 100; ++i) {
      auto job = asked::message(i, 10);
      job.entry.id = QueueId::make((noon + std::chrono::hours(2 * i)).time_since_epoch() / 1ms, i);
      REQUIRE(asked::accept(*store, job) == Accepted::stored);
    }
    constexpr int asked_for = 1000;
    std::atomic<int> answered{0};
    for (int i = 0; i < asked_for; ++i)
      store->trace("nobody", "", [&](const std::vector<Trace>&) { ++answered; });
    CHECK(asked::lease(*store).size() == 100);
    CHECK(answered < asked_for);
    store->close();
    CHECK(answered == asked_for);
  }

  TEST_CASE("over the size and of more lanes than one, what goes first ended first") {
    const asked::TempDir temp;
    auto options = asked::options_in(temp.path());
    options.keep_size = 2 << 20;
    auto [store, recovery] = asked::open(std::move(options));
    constexpr std::uint32_t many = 600;
    for (std::uint32_t i = 0; i < many; ++i) {
      auto job = asked::message(i, 4000);
      job.entry.app = i % 5 == 0 ? "shop" : "blog";
      REQUIRE(asked::accept(*store, job) == Accepted::stored);
      const auto at = noon + std::chrono::seconds(i);
      REQUIRE(
          asked::change(*store, asked::change(job.entry.id, State::failed, EventKind::failed, at)));
    }
    store->tidy(noon + 2h, 24h, 24h, 24h);
    Filter all;
    all.limit = 1000;
    REQUIRE(asked::becomes([&] { return asked::list(*store, all).size() < many; }));
    store->close();
    auto [again, recovered] = asked::open(asked::options_in(temp.path()));
    const auto left = asked::list(*again, all);
    REQUIRE_FALSE(left.empty());
    CHECK(left.size() < many);
    CHECK(left.back().id == asked::message(many - 1).entry.id);
    for (std::size_t i = 1; i < left.size(); ++i)  // no gap: the oldest went
      CHECK(left[i].next_attempt - left[i - 1].next_attempt == 1s);
  }
}
