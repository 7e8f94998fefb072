#include "relay/cli/order_commands.hpp"

#include "command_fixture.hpp"
#include "relay/http/bounds.hpp"
#include "relay/http/gate.hpp"
#include "relay/http/order_endpoints.hpp"
#include "relay/spool/sqlite_store.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <doctest/doctest.h>

#include <future>
#include <memory>
#include <string>
#include <vector>

using namespace std::chrono_literals;

namespace {

std::string id(std::int64_t value) { return spool::QueueId(value).text(); }

std::unique_ptr<spool::Store> open_store(const std::filesystem::path& directory) {
  spool::SqliteOptions options;
  options.directory = directory;
  options.reserve = 0;
  auto opened = spool::open_sqlite(std::move(options), std::chrono::system_clock::now());
  return std::move(opened.value().store);
}

bool accept_held(spool::Store& store, std::int64_t id) {
  spool::Job job;
  job.entry = entry(id, spool::State::held);
  job.entry.reason = policy::Reason::by_hand;
  job.octets = std::make_shared<const std::string>(job.entry.size, 'x');
  std::promise<spool::Accepted> outcome;
  (void)store.accept(std::move(job), false, [&](const spool::Acceptance& acceptance) {
    outcome.set_value(acceptance.outcome);
  });
  return outcome.get_future().get() == spool::Accepted::stored;
}

}  // namespace

TEST_SUITE("relay/cli/order_commands") {
  TEST_CASE_FIXTURE(CommandFixture, "what was done is one sentence with exit 0") {
    struct Row {
      std::vector<std::string> words;
      spool::Ordered ordered;
      std::string said;
    };
    const Row rows[] = {
        {{"release", "--reason", "restored"},
         {4, 1, true},
         "3 messages released, 1 superseded by a newer copy.\n"},
        {{"release", "--all"}, {1, 0, true}, "1 message released.\n"},
        {{"hold", "--app", "shop"}, {2, 0, true}, "2 messages held.\n"},
        {{"drop", "--older-than", "3d"}, {2, 0, true}, "2 messages dropped.\n"},
        {{"retry", "--state", "queued"}, {2, 0, true}, "2 messages made due.\n"},
        {{"release", "--all", "--dry-run"},
         {4, 1, true},
         "3 messages would be released, 1 superseded by a newer copy.\n"},
        {{"drop", "--all", "--dry-run"}, {2, 0, true}, "2 messages would be dropped.\n"},
    };
    for (const Row& row : rows) {
      store.ordered = row.ordered;
      std::vector<std::string> words{"queue"};
      words.insert(words.end(), row.words.begin(), row.words.end());
      const Ran ran = run(words);
      CAPTURE(row.said);
      CHECK(ran.exit_code == 0);
      CHECK(ran.out == row.said);
      CHECK(ran.err.empty());
    }
    CHECK(store.orders().back().dry_run);
  }

  TEST_CASE_FIXTURE(CommandFixture, "several queue ids are ordered one by one") {
    store.entries = {entry(1, spool::State::held), entry(2, spool::State::held)};
    store.ordered = {1, 0, true};
    const Ran ran = run({"queue", "release", id(1), id(2)});
    CHECK(ran.exit_code == 0);
    CHECK(ran.out == "2 messages released.\n");
    CHECK(store.orders().size() == 2);
  }

  TEST_CASE("an id that is not there is said, with exit 1; the others are done") {
    const TemporaryFolder folder;
    const auto store = open_store(folder / ".");
    REQUIRE(accept_held(*store, 1));
    observe::Metrics metrics("1.2.3");
    RunningServer server;
    http::Sources sources{.store = *store, .metrics = metrics, .troubles = {}, .refresh = {}};
    sources.hold_expire = [] { return 48h; };
    sources.order = [&](spool::Order order, std::function<void(spool::Ordered)> done) {
      store->order(std::move(order), std::move(done));
    };
    REQUIRE(
        server.listen(folder / "admin.sock", http::for_the_socket(http::order_endpoints(sources)))
            .has_value());
    const Ran ran = run_at(folder / "admin.sock", {"queue", "release", id(9), id(1)});
    CHECK(ran.exit_code == 1);
    CHECK(ran.out == "1 message released.\n");
    CHECK(ran.err == "There is no message " + id(9) + ", or it is past its retention.\n");
    const Ran again = run_at(folder / "admin.sock", {"queue", "release", id(1)});
    CHECK(again.exit_code == 1);
    CHECK(again.err == id(1) + " was left alone: it is queued.\n");
    store->close();
  }

  TEST_CASE_FIXTURE(CommandFixture, "an id in a state that the order is not for is said") {
    store.entries = {entry(1, spool::State::sent), entry(2, spool::State::in_delivery)};
    const Ran ran = run({"queue", "drop", id(1), id(2)});
    CHECK(ran.exit_code == 1);
    CHECK(ran.out.empty());
    CHECK(ran.err == id(1) + " was left alone: it is sent.\n" + id(2) +
                         " is being delivered just now: try again in a moment.\n");
  }

  TEST_CASE_FIXTURE(CommandFixture, "nothing that matches is a sentence with exit 1") {
    for (const auto& [verb, states] :
         {std::pair<std::string, std::string>{"retry", "queued or in-doubt"},
          {"hold", "queued"},
          {"release", "held"},
          {"drop", "queued, held or in-doubt"}}) {
      const Ran ran = run({"queue", verb, "--app", "blog"});
      CHECK(ran.exit_code == 1);
      CHECK(ran.out.empty());
      CHECK(ran.err == "No " + states + " message matches.\n");
    }
  }

  TEST_CASE_FIXTURE(CommandFixture, "an order that stopped on the way says how far it came") {
    store.ordered = {2, 0, false};
    const Ran ran = run({"queue", "drop", "--all"});
    CHECK(ran.exit_code == 1);
    CHECK(ran.out == "2 messages dropped.\n");
    CHECK(ran.err.find("this is not all") != std::string::npos);
    CHECK(lines_of(ran.err).size() == 1);
  }

  TEST_CASE_FIXTURE(CommandFixture,
                    "without a word on which messages it is a wrong usage that says so") {
    for (const char* verb : {"retry", "hold", "release", "drop"}) {
      for (const std::vector<std::string>& bare : {std::vector<std::string>{"queue", verb},
                                                   {"queue", verb, "--dry-run"},
                                                   {"queue", verb, "--json"}}) {
        const Ran ran = run(bare);
        CHECK(ran.exit_code == 2);
        CHECK(ran.err.find("queue " + std::string(verb) + ": say which messages: queue ids") == 0);
      }
    }
    CHECK(store.orders().empty());
  }

  TEST_CASE_FIXTURE(CommandFixture,
                    "ids, filters and --all do not go together; too many ids are too many") {
    std::vector<std::string> many{"queue", "drop"};
    for (std::size_t i = 0; i <= http::most_ordered_ids; ++i) many.push_back(id(1));
    for (const std::vector<std::string>& wrong :
         {many,
          std::vector<std::string>{"queue", "drop", "--all", id(1)},
          {"queue", "drop", "--app", "shop", id(1)},
          {"queue", "drop", "--all", "--app", "shop"},
          {"queue", "drop", "--older-than", "1w"},
          {"queue", "drop", "--reason", "because"},
          {"queue", "drop", "--state", "lost"}}) {
      CHECK(run(wrong).exit_code == 2);
    }
    CHECK(store.orders().empty());
    store.entries = {entry(1)};
    store.ordered = {1, 0, true};
    many.pop_back();
    CHECK(run(many).exit_code == 0);
  }

  TEST_CASE_FIXTURE(CommandFixture, "what is no queue id is refused by the relay in one sentence") {
    const Ran ran = run({"queue", "drop", "lost"});
    CHECK(ran.exit_code == 1);
    CHECK(ran.err == "A queue id has 13 letters and digits, unlike lost.\n");
  }

  TEST_CASE_FIXTURE(CommandFixture,
                    "--json prints the outcome as one object and keeps the exit code") {
    store.ordered = {2, 1, true};
    const Ran ran = run({"queue", "release", "--all", "--json"});
    CHECK(ran.exit_code == 0);
    CHECK(lines_of(ran.out).size() == 1);
    CHECK(boost::json::parse(ran.out).at("superseded").to_number<int>() == 1);
    store.ordered = {};
    CHECK(run({"queue", "release", "--all", "--json"}).exit_code == 1);
  }
}
