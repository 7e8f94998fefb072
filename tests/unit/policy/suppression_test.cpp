#include "policy/suppression.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

using policy::BounceClass;
using policy::Suppression;
using policy::SuppressionCause;
using policy::WallTime;
using std::chrono::days;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;

namespace {

const WallTime start = std::chrono::sys_days{std::chrono::year{2026} / 3 / 2} + hours(10);

Suppression bounced(Suppression record, BounceClass bounce, std::initializer_list<double> on_days) {
  for (const double day : on_days)
    record = policy::after_bounce(
        record, bounce, start + minutes(static_cast<std::int64_t>(day * 24 * 60)));
  return record;
}

Suppression of(BounceClass bounce, std::initializer_list<double> on_days) {
  return bounced({}, bounce, on_days);
}

bool suppressed_on(const Suppression& record, int day) {
  return policy::is_suppressed(record, start + days(day));
}

const policy::ComplaintReport by_one{.subtype = "", .feedback_type = "abuse", .recipients = 1};

}  // namespace

TEST_CASE("an address nothing was heard of is not suppressed") {
  CHECK_FALSE(policy::is_suppressed({}, start));
}

TEST_CASE("a mailbox bounce suppresses for 90 days to the moment") {
  const Suppression record = of(BounceClass::mailbox, {0});
  CHECK(record.cause == SuppressionCause::bounce);
  CHECK(record.since == start);
  CHECK(record.times == 1);
  CHECK(policy::is_suppressed(record, start));
  CHECK(policy::is_suppressed(record, start + days(90) - milliseconds(1)));
  CHECK_FALSE(policy::is_suppressed(record, start + days(90)));
}

TEST_CASE("each bounce after the time is over doubles it, up to two years") {
  Suppression record;
  WallTime at = start;
  std::uint32_t times = 0;
  for (const int expected : {90, 180, 360, 720, 730, 730, 730}) {
    record = policy::after_bounce(record, BounceClass::mailbox, at);
    CAPTURE(times);
    CHECK(record.times == ++times);
    CHECK(record.since == at);
    CHECK(record.until == at + days(expected));
    at = record.until + hours(1);
  }
}

TEST_CASE("a bounce at the end of the time belongs to it, one after it is a repeat") {
  CHECK(of(BounceClass::mailbox, {0, 90}).times == 1);
  CHECK(of(BounceClass::mailbox, {0, 90}).until == start + days(180));
  CHECK(of(BounceClass::mailbox, {0, 90.01}).times == 2);
}

TEST_CASE("a bounce within the time keeps the address suppressed from its own date on") {
  const Suppression record = of(BounceClass::mailbox, {0, 5, 5, 3});
  CHECK(record.times == 1);
  CHECK(record.since == start);
  CHECK(record.until == start + days(95));
}

TEST_CASE("three policy or unspecific bounces within seven days suppress") {
  CHECK_FALSE(suppressed_on(of(BounceClass::policy, {0, 1}), 1));
  CHECK(of(BounceClass::policy, {0, 1, 2}).until == start + days(92));
  CHECK(suppressed_on(of(BounceClass::unspecific, {0, 3, 7}), 7));
  CHECK_FALSE(suppressed_on(of(BounceClass::unspecific, {0, 3, 7.01}), 8));
  CHECK_FALSE(suppressed_on(of(BounceClass::policy, {0, 6.9, 7.1, 14.0, 14.2, 21.1}), 21));
  CHECK(suppressed_on(bounced(of(BounceClass::policy, {0, 1}), BounceClass::unspecific, {2}), 2));
  CHECK_FALSE(suppressed_on(of(BounceClass::policy, {0, 1, 1, 1, 1, 0, 0}), 1));  // told twice
}

TEST_CASE("soft bounces suppress on five days of fourteen and are cleared by a delivery") {
  CHECK_FALSE(suppressed_on(of(BounceClass::soft, {0, 1, 2, 3}), 4));
  CHECK_FALSE(suppressed_on(of(BounceClass::soft, {0, 0.1, 0.2, 0.3, 0.4, 0.5}), 1));
  CHECK(suppressed_on(of(BounceClass::soft, {0, 1, 2, 3, 4}), 4));
  CHECK(suppressed_on(of(BounceClass::soft, {0, 3, 6, 9, 13}), 13));
  CHECK_FALSE(suppressed_on(of(BounceClass::soft, {0, 3, 6, 9, 14}), 14));
  CHECK_FALSE(suppressed_on(of(BounceClass::soft, {0, 3, 6, 9, 60}), 60));

  Suppression record = of(BounceClass::soft, {0, 1, 2, 3});
  record = policy::after_delivery(record, start + days(3) + hours(1));
  record = bounced(record, BounceClass::soft, {3.2, 4, 5, 6, 7});
  CHECK_FALSE(suppressed_on(record, 7));
  CHECK(suppressed_on(bounced(record, BounceClass::soft, {8}), 8));
}

TEST_CASE("a delivery does not clear permanent bounces, nor lift a suppression") {
  Suppression record = of(BounceClass::policy, {0, 1});
  record = policy::after_delivery(record, start + days(2));
  CHECK(suppressed_on(bounced(record, BounceClass::policy, {3}), 3));
  CHECK(suppressed_on(policy::after_delivery(of(BounceClass::mailbox, {0}), start + days(1)), 1));
}

TEST_CASE("SES's lists, automatic replies and refused content suppress nothing") {
  for (const BounceClass bounce :
       {BounceClass::ses_list, BounceClass::auto_reply, BounceClass::content}) {
    CAPTURE(policy::word(bounce));
    CHECK(of(bounce, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}) == Suppression{});
  }
}

TEST_CASE("a complaint suppresses for good when it names one recipient and the mail could wait") {
  const Suppression record = policy::after_complaint({}, by_one, false, start);
  CHECK(record.cause == SuppressionCause::complaint);
  CHECK(record.until == policy::never_ends);
  CHECK(policy::after_complaint({}, by_one, true, start) == Suppression{});
  for (const policy::ComplaintReport& report :
       {policy::ComplaintReport{"", "abuse", 2},
        policy::ComplaintReport{"", "abuse", 0},
        policy::ComplaintReport{"", "not-spam", 1},
        policy::ComplaintReport{"OnAccountSuppressionList", "", 1}}) {
    CAPTURE(report.feedback_type);
    CHECK(policy::after_complaint({}, report, false, start) == Suppression{});
  }
}

TEST_CASE("the weightier cause is named when two last as long, and a bounce ends nothing") {
  const Suppression both =
      policy::after_addition(policy::after_complaint({}, by_one, false, start), start + hours(1));
  CHECK(both.cause == SuppressionCause::complaint);
  CHECK(both.since == start);
  const Suppression then = policy::after_bounce(both, BounceClass::mailbox, start + days(1));
  CHECK(then.cause == SuppressionCause::complaint);
  CHECK(then.until == policy::never_ends);
  CHECK(then.times == 1);
}

TEST_CASE(
    "by hand and by import an address is suppressed until removed, or until the list's date") {
  CHECK(policy::after_addition({}, start).until == policy::never_ends);
  const Suppression imported = policy::after_import({}, start, start + days(3));
  CHECK(imported.cause == SuppressionCause::imported);
  CHECK(suppressed_on(imported, 2));
  CHECK_FALSE(suppressed_on(imported, 3));
  CHECK(policy::after_import({}, start, std::nullopt).until == policy::never_ends);
  CHECK(policy::after_import(of(BounceClass::mailbox, {0}), start, start + days(3)).until ==
        start + days(90));
}

TEST_CASE("what happened until a removal has no effect, what happens after it has") {
  Suppression record = of(BounceClass::mailbox, {0});
  record = bounced(record, BounceClass::policy, {1, 2});
  const Suppression removed = policy::after_removal(start + days(3));
  for (const BounceClass bounce : policy::bounce_classes) {
    CAPTURE(policy::word(bounce));
    CHECK(bounced(removed, bounce, {0, 1, 2, 2.9, 3}) == removed);
  }
  CHECK(policy::after_complaint(removed, by_one, false, start + days(3)) == removed);
  CHECK(policy::after_delivery(removed, start + days(3)) == removed);

  const Suppression again = bounced(removed, BounceClass::mailbox, {3.1});
  CHECK(again.times == 1);
  CHECK(suppressed_on(again, 4));
  CHECK(policy::after_complaint(removed, by_one, false, start + days(4)).until ==
        policy::never_ends);
  CHECK(policy::is_suppressed(policy::after_addition(removed, start + days(3)), start + days(3)));
}

TEST_CASE("a date is not before the message was sent nor after the event came") {
  CHECK(policy::event_time(start, start - hours(1), start + hours(1)) == start);
  CHECK(policy::event_time(start - days(900), start, start + hours(1)) == start);
  CHECK(policy::event_time(start + days(900), start, start + hours(1)) == start + hours(1));
  CHECK(policy::event_time(start, start + hours(2), start + hours(1)) == start + hours(1));
  CHECK(policy::event_time(start + std::chrono::microseconds(1900), start, start + hours(1)) ==
        start + milliseconds(1));
}

TEST_CASE("the words of the causes are read back") {
  for (const SuppressionCause cause : policy::suppression_causes)
    CHECK(policy::suppression_cause_of(policy::word(cause)) == cause);
  CHECK(policy::suppression_cause_of("") == std::nullopt);
}

namespace {

/// One thing that happens to an address, and when its event comes.
struct Happening {
  enum class Kind : std::uint8_t { bounce, complaint, delivery } kind;
  BounceClass bounce;
  WallTime at;
  WallTime heard;
};

Suppression after(const Suppression& record, const Happening& happening) {
  switch (happening.kind) {
    case Happening::Kind::bounce:
      return policy::after_bounce(record, happening.bounce, happening.at);
    case Happening::Kind::complaint:
      return policy::after_complaint(record, by_one, false, happening.at);
    case Happening::Kind::delivery:
      return policy::after_delivery(record, happening.at);
  }
  return record;
}

/// The record after all of them; no step may shorten a suppression.
Suppression told(const std::vector<Happening>& happenings) {
  Suppression record;
  for (const Happening& happening : happenings) {
    const Suppression next = after(record, happening);
    REQUIRE(next.until >= record.until);
    record = next;
  }
  return record;
}

bool earlier(const Happening& one, const Happening& other) { return one.at < other.at; }
bool heard_earlier(const Happening& one, const Happening& other) { return one.heard < other.heard; }

using Random = std::mt19937_64;

WallTime some_time(Random& random, WallTime from, days span) {
  return from + minutes(random() % static_cast<std::uint64_t>(minutes(span).count()));
}

/// So many things within `span`, in the order of time, each heard of up to 14 days late. One in
/// forty is a complaint; one in ten a delivery, if there are any.
std::vector<Happening> history(Random& random, std::size_t count, days span, bool deliveries) {
  std::vector<Happening> happenings;
  for (std::size_t i = 0; i < count; ++i) {
    const WallTime at = some_time(random, start, span);
    auto kind = Happening::Kind::bounce;
    if (random() % 40 == 0) kind = Happening::Kind::complaint;
    if (deliveries && random() % 10 == 0) kind = Happening::Kind::delivery;
    const auto bounce = policy::bounce_classes[random() % policy::bounce_classes.size()];
    happenings.push_back({kind, bounce, at, some_time(random, at, days(14))});
  }
  std::sort(happenings.begin(), happenings.end(), earlier);
  return happenings;
}

}  // namespace

TEST_CASE("events of two weeks have the same effect in every order, and told twice") {
  Random random(20260302);
  int suppressed = 0;
  for (int round = 0; round < 300; ++round) {
    CAPTURE(round);
    auto happenings = history(random, 1 + random() % 9, days(14), false);
    const Suppression expected = told(happenings);
    suppressed += policy::is_suppressed(expected, start + days(14)) ? 1 : 0;
    for (int order = 0; order < 40; ++order) {
      auto twice = happenings;
      twice.insert(twice.end(), happenings.begin(), happenings.end());
      std::shuffle(twice.begin(), twice.end(), random);
      std::shuffle(happenings.begin(), happenings.end(), random);
      REQUIRE(told(happenings) == expected);
      REQUIRE(told(twice) == expected);
    }
  }
  CHECK(suppressed > 100);
  CHECK(suppressed < 290);
}

TEST_CASE("events of three years that come up to 14 days late have the effect of their dates") {
  Random random(20260303);
  std::uint32_t repeats = 0;
  for (int round = 0; round < 600; ++round) {
    CAPTURE(round);
    auto happenings = history(random, 4 + random() % 60, days(1100), false);
    const Suppression expected = told(happenings);
    repeats = std::max(repeats, expected.times);
    std::sort(happenings.begin(), happenings.end(), heard_earlier);
    const Suppression late = told(happenings);
    REQUIRE(late.until == expected.until);
    REQUIRE(late.since == expected.since);
    REQUIRE(late.cause == expected.cause);
    REQUIRE(late.times == expected.times);
  }
  CHECK(repeats >= 3);
}

TEST_CASE("an event that comes late counts among those of its own days") {
  // Of the time before: it neither begins the present one earlier nor lengthens it.
  const Suppression repeated = of(BounceClass::mailbox, {0, 95});
  CHECK(repeated.times == 2);
  CHECK(bounced(repeated, BounceClass::mailbox, {85}) == repeated);
  // The fifth soft day, after a later one was heard of.
  CHECK_FALSE(suppressed_on(of(BounceClass::soft, {0, 1, 2, 3, 17}), 17));
  CHECK(suppressed_on(of(BounceClass::soft, {0, 1, 2, 3, 17, 4}), 17));
  // The third strike in time, after seven of the two weeks that followed.
  CHECK(of(BounceClass::policy, {1, 2, 3, 9, 10, 10.5, 11}).since == start + days(3));
  CHECK(of(BounceClass::policy, {1, 2, 3, 9, 10, 10.5, 11, 0.5}).since == start + days(2));
}

TEST_CASE("a burst of permanent bounces begins and ends a suppression alike in every order") {
  Random random(20260304);
  for (int round = 0; round < 100; ++round) {
    std::vector<Happening> burst;
    for (int i = 0; i < 40; ++i)
      burst.push_back(
          {Happening::Kind::bounce, BounceClass::policy, some_time(random, start, days(7)), start});
    std::sort(burst.begin(), burst.end(), earlier);
    const Suppression expected = told(burst);
    std::shuffle(burst.begin(), burst.end(), random);
    REQUIRE(told(burst) == expected);
  }
}

TEST_CASE("a delivery that is heard of late may leave an address suppressed, never free") {
  Random random(20260305);
  for (int round = 0; round < 400; ++round) {
    CAPTURE(round);
    auto happenings = history(random, 4 + random() % 40, days(40), true);
    const Suppression in_time = told(happenings);
    std::sort(happenings.begin(), happenings.end(), heard_earlier);
    const Suppression late = told(happenings);
    REQUIRE(late.until >= in_time.until);
    REQUIRE(late.delivered_at == in_time.delivered_at);
    REQUIRE(late.soft_days == in_time.soft_days);
  }
}

TEST_CASE("what an operator changes joins what is known, but a removal replaces it") {
  const Suppression known = of(BounceClass::mailbox, {0});
  const WallTime now = start + days(1);
  const Suppression by_hand = policy::joined(known, policy::after_addition({}, now));
  CHECK(by_hand.cause == SuppressionCause::by_hand);
  CHECK(by_hand.until == policy::never_ends);
  CHECK(by_hand.times == known.times);
  const Suppression shorter = policy::joined(
      known, policy::after_import({}, now, now + days(1), SuppressionCause::imported));
  CHECK(shorter == known);
  CHECK(policy::joined(known, policy::after_removal(now)) == policy::after_removal(now));
}
