#include "relay/spool/sqlite_connection.hpp"
#include "relay/spool/sqlite_store.hpp"
#include "tests/unit/spool/asked.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <future>
#include <string>
#include <utility>
#include <vector>

using namespace spool;
using namespace std::chrono_literals;
using asked::noon;
using policy::EventKind;

namespace {

QueueId id(std::uint32_t number) { return asked::message(number).entry.id; }

Booked book(Store& store, Booking booking) {
  std::promise<Booked> promise;
  store.book(std::move(booking), [&](Booked booked) { promise.set_value(std::move(booked)); });
  return promise.get_future().get();
}

std::vector<Suppressed> suppressions(Store& store, SuppressionPage page = {}) {
  std::promise<std::vector<Suppressed>> promise;
  store.suppressions(std::move(page), [&](auto found) { promise.set_value(std::move(found)); });
  return promise.get_future().get();
}

std::vector<bool> reached(Store& store, std::vector<std::string> paths, WallTime since) {
  std::promise<std::vector<bool>> promise;
  store.reached("shop", std::move(paths), since, [&](auto found) { promise.set_value(found); });
  return promise.get_future().get();
}

/// Of the 24 hours up to then.
std::vector<SentSums> sums(Store& store,
                           WallTime now = noon,
                           std::map<std::string, WallTime, std::less<>> counted_from = {}) {
  std::promise<std::vector<SentSums>> promise;
  store.sums({{24h}, now, std::move(counted_from)},
             [&](const auto& found) { promise.set_value(found.value()); });
  return promise.get_future().get();
}

bool suppress(Store& store, std::vector<Suppressed> records) {
  std::promise<bool> promise;
  store.suppress(
      std::move(records), asked::done_to("shop"), [&](bool done) { promise.set_value(done); });
  return promise.get_future().get();
}

std::string recipient(std::uint32_t number) {
  return asked::message(number).entry.envelope.forward_paths.front();
}

/// Stores the message and says that the upstream took it.
void send(Store& store, std::uint32_t number, WallTime at = noon) {
  REQUIRE(asked::accept(store, asked::message(number), true) == Accepted::stored);
  auto sent = asked::change(id(number), State::sent, EventKind::sent, at);
  sent.upstream_id = "ses-" + std::to_string(number);
  REQUIRE(asked::change(store, sent));
}

Booking event(std::uint32_t number, std::uint8_t fingerprint, std::string type) {
  Booking booking;
  booking.fingerprint[0] = fingerprint;
  booking.tag = id(number);
  booking.upstream_id = "ses-" + std::to_string(number);
  booking.at = noon + 1min;
  booking.sent_at = noon;
  booking.now = noon + 2min;
  booking.type = std::move(type);
  return booking;
}

Booking bounce(std::uint32_t number, std::uint8_t fingerprint) {
  auto booking = event(number, fingerprint, "Bounce");
  booking.step = EventKind::bounced;
  booking.effect = Effect::bounced;
  booking.recipients = {{recipient(number), policy::BounceClass::mailbox, true}};
  booking.bounce_type = "Permanent";
  booking.bounce_subtype = "General";
  return booking;
}

Booking delivery(std::uint32_t number, std::uint8_t fingerprint) {
  auto booking = event(number, fingerprint, "Delivery");
  booking.step = EventKind::delivered;
  booking.effect = Effect::delivered;
  booking.recipients = {{recipient(number)}};
  return booking;
}

/// "events_total shop Bounce 1; …"
std::string told(std::vector<Tally> tallies) {
  std::ranges::sort(
      tallies, {}, [](const Tally& tally) { return std::pair(tally.family, tally.labels); });
  std::string text;
  for (const auto& tally : tallies) {
    text += (text.empty() ? "" : "; ") + tally.family;
    for (const auto& label : tally.labels) text += ' ' + label;
    text += ' ' + std::to_string(tally.count);
  }
  return text;
}

}  // namespace

TEST_SUITE("relay/spool/sqlite_bookings") {
  TEST_CASE(
      "a bounce is booked once: timeline, cohort, counters, suppression; also over a restart") {
    const asked::TempDir temp;
    {
      auto [store, recovery] = asked::open(asked::options_in(temp.path()));
      send(*store, 1);
      const auto first = book(*store, bounce(1, 7));
      CHECK(first.outcome == Booked::Outcome::booked);
      CHECK(first.app == "shop");
      REQUIRE(first.suppressed.size() == 1);
      CHECK(first.suppressed[0].address == recipient(1));
      CHECK(policy::is_suppressed(first.suppressed[0].record, noon + 1h));
      CHECK(book(*store, bounce(1, 7)).outcome == Booked::Outcome::duplicate);
      CHECK(asked::timeline(*store, id(1)) == "accepted sent bounced");
      store->close();
    }
    auto [store, recovery] = asked::open(asked::options_in(temp.path()));
    CHECK(told(recovery.tallies) ==
          "bounces_total shop example.com Permanent General 1; events_total shop Bounce 1");
    CHECK(book(*store, bounce(1, 7)).outcome == Booked::Outcome::duplicate);
    CHECK(suppressions(*store).size() == 1);
    const auto sent = sums(*store);
    REQUIRE(sent.size() == 1);
    CHECK(sent[0].whole.at(0).sent == asked::message(1).entry.envelope.forward_paths.size());
    CHECK(sent[0].whole.at(0).bounces == 1);
    CHECK(sent[0].counted == sent[0].whole);
    CHECK(sums(*store, noon + 25h).empty());
    CHECK(sums(*store, noon + 24h).size() == 1);
    const auto anew = sums(*store, noon, {{"shop", noon + 1min}});
    REQUIRE(anew.size() == 1);
    CHECK(anew[0].whole == sent[0].whole);
    CHECK(anew[0].counted.at(0) == policy::Counts{});
    CHECK(sums(*store, noon, {{"blog", noon + 1min}, {"shop", noon - 1min}})[0].counted ==
          sent[0].whole);
  }

  TEST_CASE(
      "an event without our tag is found by the upstream's id, and a stranger's is not booked") {
    const asked::TempDir temp;
    auto [store, recovery] = asked::open(asked::options_in(temp.path()));
    send(*store, 1);
    auto untagged = bounce(1, 1);
    untagged.tag.reset();
    CHECK(book(*store, untagged).id == id(1));
    auto strange = bounce(2, 2);
    CHECK(book(*store, strange).outcome == Booked::Outcome::unknown);
    strange.tag.reset();
    CHECK(book(*store, strange).outcome == Booked::Outcome::unknown);
    CHECK(suppressions(*store).size() == 1);
  }

  TEST_CASE("an event about somebody whom the message did not go to suppresses nobody") {
    const asked::TempDir temp;
    auto [store, recovery] = asked::open(asked::options_in(temp.path()));
    send(*store, 1);
    auto forged = bounce(1, 1);
    forged.recipients[0].address = "victim@example.net";
    CHECK(book(*store, forged).outcome == Booked::Outcome::booked);
    CHECK(suppressions(*store).empty());
  }

  TEST_CASE("whom a delivery was reported for was reached, from the day before it on") {
    const asked::TempDir temp;
    auto [store, recovery] = asked::open(asked::options_in(temp.path()));
    send(*store, 1);
    REQUIRE(book(*store, delivery(1, 1)).outcome == Booked::Outcome::booked);
    const std::vector<std::string> paths{recipient(1), "stranger@example.net"};
    CHECK(reached(*store, paths, noon - 24h) == std::vector{true, false});
    CHECK(reached(*store, paths, noon + 48h) == std::vector{false, false});
    CHECK(suppressions(*store).empty());
  }

  TEST_CASE("a report of the relay's own counts nowhere") {
    const asked::TempDir temp;
    auto [store, recovery] = asked::open(asked::options_in(temp.path()));
    auto job = asked::message(1);
    job.entry.notice = true;
    REQUIRE(asked::accept(*store, job, true) == Accepted::stored);
    REQUIRE(asked::change(*store, asked::change(id(1), State::sent, EventKind::sent)));
    const auto booked = book(*store, bounce(1, 1));
    CHECK(booked.outcome == Booked::Outcome::booked);
    CHECK(booked.notice);
    CHECK(sums(*store).empty());
    CHECK(suppressions(*store).empty());
  }

  TEST_CASE("what is settled by an event counts as sent, once") {
    const asked::TempDir temp;
    auto [store, recovery] = asked::open(asked::options_in(temp.path()));
    send(*store, 1);
    REQUIRE(asked::change(*store, asked::change(id(1), State::sent, EventKind::sent)));
    const auto sent = sums(*store);
    REQUIRE(sent.size() == 1);
    CHECK(sent[0].whole.at(0).sent == asked::message(1).entry.envelope.forward_paths.size());
  }

  TEST_CASE("mail to the relay's own domains counts in no ratio, nor do its bounces") {
    const asked::TempDir temp;
    auto options = asked::options_in(temp.path());
    const auto own = recipient(1);
    options.own_domain = [&](std::string_view domain) { return own.ends_with(domain); };
    auto [store, recovery] = asked::open(std::move(options));
    send(*store, 1);
    CHECK(book(*store, bounce(1, 7)).suppressed.size() == 1);
    const auto sent = sums(*store);
    REQUIRE(sent.size() == 1);
    CHECK(sent[0].whole.at(0) == policy::Counts{1, 0, 0});  // the other recipient
  }

  TEST_CASE("records put by hand stand, are listed by app and address, and leave a trail") {
    const asked::TempDir temp;
    auto [store, recovery] = asked::open(asked::options_in(temp.path()));
    const auto record = policy::after_addition({}, noon);
    REQUIRE(suppress(*store,
                     {{"shop", "b@example.org", record},
                      {"shop", "a@example.org", record},
                      {"blog", "a@example.org", record}}));
    const auto all = suppressions(*store);
    REQUIRE(all.size() == 3);
    CHECK(all[0].app == "blog");
    CHECK(all[1].address == "a@example.org");
    CHECK(all[2].record == record);
    CHECK(suppressions(*store, {.app = "shop"}).size() == 2);
    CHECK(suppressions(*store, {.app = "shop", .address = "b@example.org"}).size() == 1);
    const auto page = suppressions(*store, {.after = {"blog", "a@example.org"}, .limit = 1});
    REQUIRE(page.size() == 1);
    CHECK(page[0].app == "shop");
    CHECK(asked::audit(*store).size() == 1);
    const std::vector<Suppressed> too_many(most_suppressed_at_once + 1, all[0]);
    CHECK_FALSE(suppress(*store, too_many));
  }

  TEST_CASE(
      "a full list takes no more until something of it is over, and goes on with what it has") {
    const asked::TempDir temp;
    auto options = asked::options_in(temp.path());
    options.most_suppressed = 2;
    auto [store, recovery] = asked::open(std::move(options));
    for (const std::uint32_t number : {1U, 2U, 3U}) send(*store, number);
    for (const std::uint8_t number : {std::uint8_t{1}, std::uint8_t{2}})
      REQUIRE(book(*store, bounce(number, number)).suppressed.size() == 1);
    const auto third = book(*store, bounce(3, 3));
    CHECK(third.outcome == Booked::Outcome::booked);
    CHECK(third.suppressed.empty());
    const auto record = policy::after_addition({}, noon);
    CHECK_FALSE(
        suppress(*store, {{"shop", recipient(1), record}, {"shop", "x@example.org", record}}));
    CHECK(suppressions(*store).size() == 2);
    CHECK(suppressions(*store)[0].record.cause == policy::SuppressionCause::bounce);  // all or none
    CHECK(suppress(*store, {{"shop", recipient(1), record}}));
    store->tidy(noon + 24h * 1000, 10'000 * 24h, 7 * 24h, 7 * 24h);
    CHECK(asked::becomes([&] { return suppressions(*store).size() == 1; }));
    CHECK(book(*store, bounce(3, 4)).suppressed.size() == 1);
  }

  TEST_CASE("what is past its time goes") {
    const asked::TempDir temp;
    auto [store, recovery] = asked::open(asked::options_in(temp.path()));
    send(*store, 1);
    send(*store, 2);
    REQUIRE(book(*store, bounce(1, 1)).outcome == Booked::Outcome::booked);
    REQUIRE(book(*store, delivery(2, 2)).outcome == Booked::Outcome::booked);
    const auto tidy = [&store = store](WallTime now) {
      store->tidy(now, 30 * 24h, 7 * 24h, 7 * 24h);
    };
    tidy(noon + 24h * 200);
    CHECK(asked::becomes([&] { return sums(*store).empty(); }));
    CHECK(asked::becomes([&] { return !reached(*store, {recipient(2)}, noon - 24h)[0]; }));
    CHECK(suppressions(*store).size() == 1);  // remembered, so that the next one counts for more
    tidy(noon + 24h * 1000);
    CHECK(asked::becomes([&] { return suppressions(*store).empty(); }));
  }

  TEST_CASE("a store's own tag outlives a restart and differs from another's") {
    const asked::TempDir temp;
    const asked::TempDir other;
    std::string tag;
    {
      auto [store, recovery] = asked::open(asked::options_in(temp.path()));
      tag = recovery.relay_tag;
      store->close();
    }
    CHECK(tag.size() == 13);
    CHECK(asked::open(asked::options_in(temp.path())).recovery.relay_tag == tag);
    CHECK(asked::open(asked::options_in(other.path())).recovery.relay_tag != tag);
  }

  TEST_CASE("a spool of version 3 gets the tables, and version 3 can go on working on it") {
    const asked::TempDir temp;
    { auto opened = asked::open(asked::options_in(temp.path())); }
    {
      auto connection = sqlite::Connection::open(temp.path() / "spool.sqlite", "");
      REQUIRE(connection.has_value());
      REQUIRE(connection->execute(
          "DROP TABLE feedback; DROP TABLE suppressions; DROP TABLE reached; DROP TABLE cohorts;"
          "DROP TABLE tallies; DROP INDEX entries_by_upstream_id;"
          "UPDATE meta SET value = '3' WHERE name = 'schema'"));
    }
    auto [store, recovery] = asked::open(asked::options_in(temp.path()));
    send(*store, 1);
    CHECK(book(*store, bounce(1, 1)).outcome == Booked::Outcome::booked);
  }
}
