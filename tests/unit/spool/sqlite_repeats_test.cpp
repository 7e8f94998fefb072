#include "relay/spool/sqlite_store.hpp"
#include "tests/crash/shim_vfs.hpp"
#include "tests/unit/spool/asked.hpp"

#include <doctest/doctest.h>

#include <sqlite3.h>

#include <atomic>
#include <future>
#include <initializer_list>
#include <vector>

using namespace spool;
using namespace std::chrono_literals;
using asked::noon;
using asked::repeatable;
using policy::EventKind;

namespace {

QueueId id(std::uint32_t number) { return asked::message(number).entry.id; }

Acceptance offer(Store& store, std::uint32_t number, std::uint8_t key, WallTime since = noon) {
  return asked::answer_to(store, repeatable(asked::message(number), key, since), true);
}

}  // namespace

TEST_SUITE("relay/spool/sqlite_repeats") {
  TEST_CASE("a repeat is answered with the first one's id, leaves an event and nothing else") {
    const asked::TempDir temp;
    auto [store, recovery] = asked::open(asked::options_in(temp.path()));
    CHECK(offer(*store, 1, 7).outcome == Accepted::stored);
    const auto again = offer(*store, 2, 7);
    CHECK(again.outcome == Accepted::repeated);
    CHECK(again.id == id(1));
    CHECK(offer(*store, 3, 8).outcome == Accepted::stored);
    CHECK(asked::timeline(*store, id(1)) == "accepted repeated");
    CHECK(asked::list(*store).size() == 2);
    CHECK(store->load("shop").messages == 2);
    CHECK(asked::answer_to(*store, asked::message(2), true).outcome ==
          Accepted::stored);  // its lease has ended
  }

  TEST_CASE(
      "a message without a key is never a repeat, nor one whose first came before the window") {
    const asked::TempDir temp;
    auto [store, recovery] = asked::open(asked::options_in(temp.path()));
    CHECK(offer(*store, 1, 7).outcome == Accepted::stored);
    CHECK(asked::accept(*store, asked::message(2)) == Accepted::stored);
    CHECK(asked::accept(*store, asked::message(3)) == Accepted::stored);
    CHECK(offer(*store, 4, 7, noon + 1ms).outcome == Accepted::stored);
  }

  TEST_CASE("nothing is a repeat of what failed, but of what is sent or held it is") {
    const asked::TempDir temp;
    auto [store, recovery] = asked::open(asked::options_in(temp.path()));
    struct Row {
      State state;
      EventKind kind;
      Accepted outcome;
    };
    std::uint32_t number = 0;
    for (const auto& row : {Row{State::failed, EventKind::failed, Accepted::stored},
                            Row{State::failed, EventKind::dropped, Accepted::stored},
                            Row{State::failed, EventKind::expired, Accepted::stored},
                            Row{State::sent, EventKind::sent, Accepted::repeated},
                            Row{State::held, EventKind::held, Accepted::repeated}}) {
      const auto first = number++;
      const auto key = static_cast<std::uint8_t>(first);
      CAPTURE(policy::word(row.kind));
      REQUIRE(offer(*store, first, key).outcome == Accepted::stored);
      REQUIRE(asked::change(*store, asked::change(id(first), row.state, row.kind)));
      const auto second = number++;
      CHECK(offer(*store, second, key).outcome == row.outcome);
      if (row.outcome == Accepted::stored)  // which later ones repeat
        CHECK(offer(*store, number++, key).id == id(second));
    }
  }

  TEST_CASE("of two that share a commit the second is a repeat of the first") {
    const asked::TempDir temp;
    std::atomic<bool> closed{false};
    std::atomic<int> syncs{0};
    const crash::ShimVfs vfs("stalling", [&](const crash::Op& op, const auto& real) {
      if (op.kind == crash::OpKind::sync) {
        ++syncs;
        closed.wait(true);
      }
      return real();
    });
    auto options = asked::options_in(temp.path());
    options.vfs = vfs.name();
    auto [store, recovery] = asked::open(std::move(options));
    closed = true;
    std::vector<std::future<Acceptance>> answers;
    for (const std::uint8_t key :
         std::initializer_list<std::uint8_t>{1, 2, 2}) {  // the last two share a commit
      auto promise = std::make_shared<std::promise<Acceptance>>();
      answers.push_back(promise->get_future());
      const int before = syncs;
      store->accept(repeatable(asked::message(static_cast<std::uint32_t>(answers.size())), key),
                    false,
                    [promise](Acceptance answer) { promise->set_value(answer); });
      if (answers.size() == 1) REQUIRE(asked::becomes([&] { return syncs > before; }));
    }
    closed = false;
    closed.notify_all();
    CHECK(answers[0].get().outcome == Accepted::stored);
    CHECK(answers[1].get().outcome == Accepted::stored);
    const auto repeat = answers[2].get();
    CHECK(repeat.outcome == Accepted::repeated);
    CHECK(repeat.id == id(2));
    CHECK(asked::timeline(*store, id(2)) == "accepted repeated");
  }

  TEST_CASE("an accept whose commit fails is not what a later one repeats") {
    const asked::TempDir temp;
    std::atomic<bool> failing{false};
    const crash::ShimVfs vfs("failing-repeat", [&](const crash::Op& op, const auto& real) {
      return failing && op.kind == crash::OpKind::write ? SQLITE_FULL : real();
    });
    auto options = asked::options_in(temp.path());
    options.vfs = vfs.name();
    auto [store, recovery] = asked::open(std::move(options));
    failing = true;
    CHECK(offer(*store, 1, 7).outcome == Accepted::failed);
    failing = false;
    REQUIRE(asked::becomes([&] { return store->writable(); }));
    CHECK(offer(*store, 2, 7).outcome == Accepted::stored);
  }

  TEST_CASE("repeats are known after a start, of accepts that came lately enough") {
    const asked::TempDir temp;
    {
      auto [store, recovery] = asked::open(asked::options_in(temp.path()));
      CHECK(offer(*store, 1, 7).outcome == Accepted::stored);
    }
    {
      auto [store, recovery] = asked::open(asked::options_in(temp.path()), noon + 10min);
      const auto again = offer(*store, 2, 7);
      CHECK(again.outcome == Accepted::repeated);
      CHECK(again.id == id(1));
    }
    auto [store, recovery] = asked::open(asked::options_in(temp.path()), noon + 11min);
    CHECK(offer(*store, 3, 7).outcome == Accepted::stored);
  }

  TEST_CASE("no more than the bound are remembered, over a start too") {
    const asked::TempDir temp;
    auto options = asked::options_in(temp.path());
    options.most_repeats = 2;
    for (int opening = 0; opening < 2; ++opening) {
      CAPTURE(opening);
      auto [store, recovery] = asked::open(options);
      for (const std::uint8_t key : std::initializer_list<std::uint8_t>{1, 2, 3})
        if (opening == 0) REQUIRE(offer(*store, key, key).outcome == Accepted::stored);
      CHECK(offer(*store, 13, 3).outcome == Accepted::repeated);
      CHECK(offer(*store, 12, 2).outcome == Accepted::repeated);
      if (opening == 1) CHECK(offer(*store, 11, 1).outcome == Accepted::stored);
    }
  }
}
