#include "relay/delivery/fair_queue.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace delivery {
namespace {

const FairQueue::MaySend any = [](const spool::Entry&) { return true; };

spool::Job job(std::string app, std::int64_t id, std::size_t recipients = 1, bool urgent = false) {
  spool::Job made;
  made.entry.id = spool::QueueId(id);
  made.entry.app = std::move(app);
  made.entry.domain = made.entry.app + ".example";
  made.entry.urgent = urgent;
  made.entry.envelope.forward_paths.assign(recipients, "a@example.net");
  return made;
}

void push(FairQueue& queue, const std::string& app, int messages, std::size_t recipients = 1) {
  for (int i = 0; i < messages; ++i) queue.push(job(app, i, recipients));
}

void push_urgent(FairQueue& queue, const std::string& app, int messages) {
  for (int i = 0; i < messages; ++i) queue.push(job(app, 1000 + i, 1, true));
}

/// The apps of the next messages, one letter each.
std::string apps(FairQueue& queue, int messages, const FairQueue::MaySend& may_send = any) {
  std::string names;
  for (int i = 0; i < messages; ++i) {
    const auto popped = queue.pop(may_send);
    if (!popped) break;
    names += popped->entry.app;
  }
  return names;
}

/// Recipients by app among the next messages.
std::map<std::string, std::size_t> shares(FairQueue& queue, int messages) {
  std::map<std::string, std::size_t> sum;
  for (int i = 0; i < messages; ++i) {
    const auto popped = queue.pop(any);
    REQUIRE(popped);
    sum[popped->entry.app] += popped->entry.envelope.forward_paths.size();
  }
  return sum;
}

}  // namespace

TEST_SUITE("relay/delivery/fair_queue") {
  TEST_CASE("an empty queue gives nothing") {
    FairQueue queue;
    CHECK(queue.empty());
    CHECK(queue.next(any) == nullptr);
    CHECK_FALSE(queue.pop(any));
    CHECK(queue.lanes_with(1).empty());
  }

  TEST_CASE("an app's messages go in the order they came") {
    FairQueue queue;
    push(queue, "a", 5);
    for (int i = 0; i < 5; ++i) CHECK(queue.pop(any)->entry.id == spool::QueueId(i));
  }

  TEST_CASE("apps take turns, whoever floods") {
    FairQueue queue;
    push(queue, "a", 100);
    push(queue, "b", 3);
    push(queue, "c", 2);
    CHECK(apps(queue, 10) == "abcabcabaa");
  }

  TEST_CASE("a message of an app that sends little waits for one of each other app at most") {
    FairQueue queue;
    push(queue, "a", 1000);
    for (int i = 0; i < 50; ++i) {
      CHECK(apps(queue, 3) == "aaa");
      push(queue, "b", 1);
      const std::string next = apps(queue, 2);
      CHECK(next.find('b') != std::string::npos);
    }
  }

  TEST_CASE("recipients are what is shared, not messages") {
    FairQueue queue;
    push(queue, "a", 100, 10);
    push(queue, "b", 1000, 1);
    push(queue, "c", 100, 50);
    auto sum = shares(queue, 400);
    CHECK(sum["a"] >= sum["b"] - 10);
    CHECK(sum["a"] <= sum["b"] + 10);
    CHECK(sum["c"] >= sum["b"] - 50);
    CHECK(sum["c"] <= sum["b"] + 50);
  }

  TEST_CASE("weights divide the rate, and absurd ones are bounded") {
    FairQueue queue;
    queue.weights({{"a", 3}, {"c", 0}, {"d", -5}});
    push(queue, "a", 600);
    push(queue, "b", 600);
    push(queue, "c", 600);
    push(queue, "d", 600);
    auto sum = shares(queue, 404);
    CHECK(sum["a"] >= 298);
    CHECK(sum["b"] >= 98);
    CHECK(sum["c"] >= 1);
    CHECK(sum["c"] <= 2);
    CHECK(sum["d"] >= 1);
    queue.weights({});
    sum = shares(queue, 400);
    CHECK(sum["a"] <= 104);
    CHECK(sum["d"] >= 96);
  }

  TEST_CASE("an app that had nothing for long has saved no credit") {
    FairQueue queue;
    push(queue, "b", 1);
    push(queue, "a", 200);
    CHECK(apps(queue, 101).size() == 101);
    push(queue, "b", 100);
    const std::string next = apps(queue, 20);
    CHECK(std::count(next.begin(), next.end(), 'b') == 10);
  }

  TEST_CASE("an app that may not send gains nothing meanwhile, and the others go on") {
    FairQueue queue;
    push(queue, "a", 100);
    push(queue, "b", 100);
    const auto not_b = [](const spool::Entry& entry) { return entry.app != "b"; };
    CHECK(apps(queue, 50, not_b) == std::string(50, 'a'));
    const std::string next = apps(queue, 20);
    CHECK(std::count(next.begin(), next.end(), 'b') == 10);
    const auto none = [](const spool::Entry&) { return false; };
    CHECK(queue.next(none) == nullptr);
    CHECK_FALSE(queue.pop(none));
    CHECK(queue.size() == 130);
  }

  TEST_CASE("a held domain holds back no other domain of its app") {
    FairQueue queue;
    spool::Job held = job("a", 1);
    held.entry.domain = "held.example";
    queue.push(std::move(held));
    push(queue, "a", 1);
    const auto popped =
        queue.pop([](const spool::Entry& entry) { return entry.domain != "held.example"; });
    REQUIRE(popped);
    CHECK(popped->entry.domain == "a.example");
    CHECK(queue.size() == 1);
  }

  TEST_CASE("urgent mail goes ahead of all normal mail, in turn among its apps") {
    FairQueue queue;
    push(queue, "a", 10);
    push(queue, "b", 10);
    push(queue, "c", 10);
    push_urgent(queue, "b", 2);
    push_urgent(queue, "c", 2);
    CHECK(apps(queue, 4) == "bcbc");
  }

  TEST_CASE("urgent mail is charged: its app's normal mail waits for what it cost") {
    FairQueue queue;
    push(queue, "a", 100);
    push(queue, "b", 100);
    push_urgent(queue, "b", 10);
    REQUIRE(apps(queue, 10) == std::string(10, 'b'));
    CHECK(apps(queue, 10) == std::string(10, 'a'));
    const std::string after = apps(queue, 20);
    CHECK(std::count(after.begin(), after.end(), 'b') >= 9);
    CHECK(std::count(after.begin(), after.end(), 'b') <= 10);
  }

  TEST_CASE("an app cannot live on urgency: past its debt it has its share and no more") {
    FairQueue queue;
    push(queue, "a", 2000);
    push_urgent(queue, "b", 2000);
    const std::string first = apps(queue, 20);
    CHECK(first == std::string(20, 'b'));
    const std::string then = apps(queue, 1000);
    const auto of_b = std::count(then.begin(), then.end(), 'b');
    CHECK(of_b >= 490);
    CHECK(of_b <= 510);
  }

  TEST_CASE("a debt is not forgiven for having nothing, but paid by the rounds of others") {
    FairQueue queue;
    push(queue, "a", 1000);
    for (int i = 0; i < 20; ++i) {
      push_urgent(queue, "b", 1);
      CHECK(apps(queue, 1) == "b");
    }
    push_urgent(queue, "b", 1);
    CHECK(apps(queue, 1) == "a");  // b is in debt
    REQUIRE(apps(queue, 40).find('b') != std::string::npos);
    REQUIRE(apps(queue, 40) == std::string(40, 'a'));
    push_urgent(queue, "b", 1);
    CHECK(apps(queue, 1) == "b");
  }

  TEST_CASE("urgent mail goes ahead inside its own app, in debt too") {
    FairQueue queue;
    push(queue, "a", 200);
    push(queue, "b", 50);
    push_urgent(queue, "b", 60);
    for (int of_b = 0; of_b < 60;) {
      const auto popped = queue.pop(any);
      if (popped->entry.app != "b") continue;
      CHECK(popped->entry.urgent);
      ++of_b;
    }
  }

  TEST_CASE("debts are forgotten when nobody has anything") {
    FairQueue queue;
    push_urgent(queue, "b", 20);
    REQUIRE(apps(queue, 20).size() == 20);
    push(queue, "a", 10);
    push_urgent(queue, "b", 1);
    CHECK(apps(queue, 1) == "b");
  }

  TEST_CASE("an app alone with its debt is served at once") {
    FairQueue queue;
    push_urgent(queue, "b", 100);
    push(queue, "b", 10);
    CHECK(apps(queue, 200).size() == 110);
  }

  TEST_CASE("next() names what pop() gives, however often it is asked") {
    FairQueue queue;
    queue.weights({{"a", 0.3}, {"b", 2.5}});
    push(queue, "a", 20, 7);
    push(queue, "b", 20, 3);
    push_urgent(queue, "a", 5);
    while (!queue.empty()) {
      const spool::Entry* next = queue.next(any);
      REQUIRE(next != nullptr);
      REQUIRE(queue.next(any) == next);
      const auto named = std::pair(next->app, next->id);
      const auto popped = queue.pop(any);
      REQUIRE(popped);
      CHECK(std::pair(popped->entry.app, popped->entry.id) == named);
    }
  }

  TEST_CASE("lanes are counted, and those with enough are named") {
    FairQueue queue;
    push(queue, "a", 3);
    push_urgent(queue, "a", 1);
    push_urgent(queue, "b", 2);
    CHECK(queue.size() == 6);
    CHECK(queue.size({"a", false}) == 3);
    CHECK(queue.size({"a", true}) == 1);
    CHECK(queue.size({"b", false}) == 0);
    CHECK(queue.size({"c", true}) == 0);
    CHECK((queue.lanes_with(2) == std::set<spool::Lane>{{"a", false}, {"b", true}}));
    CHECK(queue.lanes_with(4).empty());
  }

  TEST_CASE("take_if takes out what fits and leaves the rest in order") {
    FairQueue queue;
    push(queue, "a", 4);
    push_urgent(queue, "a", 1);
    push(queue, "b", 2);
    const auto taken = queue.take_if([](const spool::Entry& entry) {
      return entry.app == "b" || entry.urgent || entry.id == spool::QueueId(1);
    });
    CHECK(taken.size() == 4);
    CHECK(queue.size() == 3);
    CHECK(queue.size({"a", true}) == 0);
    CHECK(queue.pop(any)->entry.id == spool::QueueId(0));
    CHECK(queue.pop(any)->entry.id == spool::QueueId(2));
    CHECK(queue.take_if(any).size() == 1);
    CHECK(queue.empty());
  }
}

}  // namespace delivery
