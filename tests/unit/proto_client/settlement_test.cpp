#include "relay/proto/settlement.hpp"

#include <doctest/doctest.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace smtp {
namespace {

using namespace std::chrono_literals;
using policy::EventKind;
using policy::Reason;
using std::chrono::milliseconds;

constexpr std::uint32_t least = 0;
constexpr std::uint32_t middle = 1U << 31U;
constexpr std::uint32_t most = std::numeric_limits<std::uint32_t>::max();

constexpr std::array all_classes{
    ReplyClass::taken,
    ReplyClass::throttled,
    ReplyClass::daily_quota,
    ReplyClass::session_over,
    ReplyClass::too_many_connections,
    ReplyClass::credentials,
    ReplyClass::account_paused,
    ReplyClass::identity,
    ReplyClass::recipients_unverified,
    ReplyClass::mail_from_domain,
    ReplyClass::configuration_set,
    ReplyClass::rejected,
    ReplyClass::unknown_permanent,
    ReplyClass::transient,
    ReplyClass::broken,
    ReplyClass::ambiguous,
};

const policy::Envelope shop{"shop@example.com", {"a@example.net"}};

}  // namespace

TEST_SUITE("relay/proto/settlement") {
  TEST_CASE("the pause doubles from first to max") {
    const RetryRules rules;
    const std::vector<std::pair<std::uint32_t, std::chrono::seconds>> rows{{0, 30s},
                                                                           {1, 30s},
                                                                           {2, 60s},
                                                                           {3, 120s},
                                                                           {6, 960s},
                                                                           {7, 1800s},
                                                                           {8, 1800s},
                                                                           {64, 1800s},
                                                                           {65, 1800s},
                                                                           {most, 1800s}};
    for (const auto& [attempts, pause] : rows) {
      CAPTURE(attempts);
      CHECK(backoff(rules, attempts, middle) == pause);
    }
  }

  TEST_CASE("the pause is spread over a quarter either way, and no more") {
    const RetryRules rules{.first = 100s, .max = 1000s};
    CHECK(backoff(rules, 1, least) == 75s);
    CHECK(backoff(rules, 1, middle) == 100s);
    CHECK(backoff(rules, 1, most) == 125s - 1ms);
    CHECK(backoff(rules, 40, most) == 1250s - 1ms);
  }

  TEST_CASE("rules at their ends neither overflow nor turn negative") {
    using std::chrono::seconds;
    struct Ends {
      RetryRules rules;
      milliseconds pause;
    };
    const std::vector<Ends> rows{
        {{.first = 0s, .max = 1800s}, 0ms},
        {{.first = 30s, .max = 0s}, 0ms},
        {{.first = 60s, .max = 30s}, 30s},
        {{.first = -5s, .max = 30s}, 0ms},
        {{.first = 5s, .max = -30s}, 0ms},
        {{.first = seconds::max(), .max = seconds::max()}, 30 * 24h},
        {{.first = 1s, .max = seconds::max()}, 30 * 24h},
        {{.first = seconds::min(), .max = seconds::min()}, 0ms},
    };
    for (const Ends& row : rows) {
      CAPTURE(row.rules.first.count());
      CAPTURE(row.rules.max.count());
      CHECK(backoff(row.rules, most, middle) == row.pause);
      CHECK(backoff(row.rules, most, least) == row.pause * 3 / 4);
      CHECK(backoff(row.rules, most, most) <= row.pause * 5 / 4);
      CHECK(backoff(row.rules, most, most) >= row.pause);
    }
  }

  TEST_CASE("each class has its fate, reason, scope, and whether it spends an attempt") {
    struct Treated {
      ReplyClass result;
      Fate fate;
      std::optional<Reason> reason;
      EventKind event;
      bool spends;
      bool account_wide;
      bool domain_wide;
      milliseconds retry_in;
    };
    const std::optional<Reason> none;
    const std::vector<Treated> rows{
        {ReplyClass::taken, Fate::sent, none, EventKind::sent, true, false, false, 0ms},
        {ReplyClass::throttled, Fate::retry, none, EventKind::throttled, false, false, false, 2s},
        {ReplyClass::daily_quota,
         Fate::hold,
         Reason::daily_quota,
         EventKind::held,
         false,
         true,
         false,
         10min},
        {ReplyClass::session_over,
         Fate::retry,
         none,
         EventKind::deferred,
         false,
         false,
         false,
         250ms},
        {ReplyClass::too_many_connections,
         Fate::retry,
         none,
         EventKind::deferred,
         false,
         false,
         false,
         5s},
        {ReplyClass::credentials,
         Fate::hold,
         Reason::credentials,
         EventKind::held,
         false,
         true,
         false,
         5min},
        {ReplyClass::account_paused,
         Fate::hold,
         Reason::account_paused,
         EventKind::held,
         false,
         true,
         false,
         15min},
        {ReplyClass::identity,
         Fate::hold,
         Reason::domain,
         EventKind::held,
         false,
         false,
         true,
         15min},
        {ReplyClass::recipients_unverified,
         Fate::hold,
         Reason::ses_sandbox,
         EventKind::held,
         false,
         false,
         false,
         30min},
        {ReplyClass::mail_from_domain,
         Fate::hold,
         Reason::domain,
         EventKind::held,
         false,
         false,
         true,
         15min},
        {ReplyClass::configuration_set,
         Fate::hold,
         Reason::credentials,
         EventKind::held,
         false,
         false,
         false,
         15min},
        {ReplyClass::rejected, Fate::fail, none, EventKind::failed, true, false, false, 0ms},
        {ReplyClass::unknown_permanent,
         Fate::retry,
         none,
         EventKind::deferred,
         true,
         false,
         false,
         120s},
        {ReplyClass::transient, Fate::retry, none, EventKind::deferred, true, false, false, 120s},
        {ReplyClass::broken, Fate::retry, none, EventKind::deferred, true, false, false, 120s},
        {ReplyClass::ambiguous, Fate::retry, none, EventKind::resent, true, false, false, 120s},
    };
    REQUIRE(rows.size() == all_classes.size());
    for (const Treated& row : rows) {
      CAPTURE(word(row.result));
      const Settlement settled =
          settle({}, {.result = row.result, .attempts_before = 2, .random = middle});
      CHECK(static_cast<int>(settled.fate) == static_cast<int>(row.fate));
      CHECK((settled.reason == row.reason));
      CHECK(static_cast<int>(settled.event) == static_cast<int>(row.event));
      CHECK(settled.attempts == (row.spends ? 3 : 2));
      CHECK(settled.account_wide == row.account_wide);
      CHECK(settled.domain_wide == row.domain_wide);
      CHECK(settled.slow_down == (row.result == ReplyClass::throttled));
      CHECK(settled.retry_in == row.retry_in);
    }
  }

  TEST_CASE("only what is retried expires, from expire on, and says so") {
    const RetryRules rules{.expire = 100s};
    for (const ReplyClass result : all_classes) {
      CAPTURE(word(result));
      const Settlement young = settle(rules, {.result = result, .age = 100s - 1ms});
      const Settlement old = settle(rules, {.result = result, .age = 100s});
      if (young.fate != Fate::retry) {
        CHECK(old.fate == young.fate);
        continue;
      }
      CHECK(old.fate == Fate::fail);
      CHECK(old.event == EventKind::expired);
      CHECK(old.retry_in == 0ms);
      CHECK_FALSE(old.reason);
    }
  }

  TEST_CASE("urgent mail expires sooner, and never later than other mail") {
    const auto fate = [](const RetryRules& rules, bool urgent, std::chrono::seconds age) {
      return settle(rules, {.result = ReplyClass::throttled, .age = age, .urgent = urgent}).fate;
    };
    CHECK(fate({}, true, 10h - 1s) == Fate::retry);
    CHECK(fate({}, true, 10h) == Fate::fail);
    CHECK(fate({}, false, 10h) == Fate::retry);
    CHECK(fate({.expire = 1h}, true, 1h) == Fate::fail);
    CHECK(expired({}, true, 10h));
    CHECK_FALSE(expired({}, false, 10h));
  }

  TEST_CASE("a hold outlives expire, and ends at hold_expire with its reason") {
    for (const ReplyClass result : all_classes) {
      CAPTURE(word(result));
      const AttemptFacts facts{.result = result, .age = 1000h, .held = 14 * 24h - 1ms};
      const Settlement young = settle({.expire = 2000h}, facts);
      if (young.fate != Fate::hold) continue;
      CHECK(settle({}, facts).fate == Fate::hold);
      AttemptFacts late = facts;
      late.held = 14 * 24h;
      const Settlement old = settle({}, late);
      CHECK(old.fate == Fate::fail);
      CHECK(old.event == EventKind::expired);
      CHECK((old.reason == young.reason));
      CHECK(old.account_wide == young.account_wide);
      CHECK(old.domain_wide == young.domain_wide);
      CHECK(hold_expired({}, late.held));
      CHECK_FALSE(hold_expired({}, facts.held));
    }
  }

  TEST_CASE("no pause reaches beyond the time at which the message is given up") {
    const RetryRules rules{.first = 1h, .max = 1h, .expire = 1000s, .hold_expire = 5000s};
    for (const ReplyClass result : all_classes) {
      CAPTURE(word(result));
      const Settlement settled = settle(rules,
                                        {.result = result,
                                         .age = 1000s - 1500ms,
                                         .random = most,
                                         .held = 5000s - 2500ms,
                                         .feed_proven = true});
      if (settled.fate == Fate::retry) CHECK(settled.retry_in <= 1500ms);
      if (settled.fate == Fate::hold) CHECK(settled.retry_in <= 2500ms);
      if (settled.fate == Fate::retry || settled.fate == Fate::hold) CHECK(settled.retry_in > 0ms);
    }
  }

  TEST_CASE("while the clock is not to be trusted nothing expires and no pause is cut") {
    for (const ReplyClass result : all_classes) {
      CAPTURE(word(result));
      const AttemptFacts young{.result = result, .attempts_before = 2, .random = middle};
      AttemptFacts old = young;
      old.age = 24h * 3652;
      old.held = 24h * 3652;
      old.clock_steady = false;
      const Settlement settled = settle({}, old);
      CHECK(settled.fate == settle({}, young).fate);
      CHECK(settled.retry_in == settle({}, young).retry_in);
    }
  }

  TEST_CASE("a clock that went back, or ages at their ends, expire nothing wrongly") {
    const auto fate = [](std::chrono::seconds expire, milliseconds age) {
      return settle({.expire = expire}, {.result = ReplyClass::transient, .age = age}).fate;
    };
    CHECK(fate(48h, -1ms) == Fate::retry);
    CHECK(fate(48h, milliseconds::min()) == Fate::retry);
    CHECK(fate(48h, milliseconds::max()) == Fate::fail);
    CHECK(fate(std::chrono::seconds::max(), milliseconds::max()) == Fate::retry);
    CHECK(fate(std::chrono::seconds::min(), milliseconds::min()) == Fate::fail);
    CHECK(fate(0s, -1ms) == Fate::retry);
    CHECK(fate(0s, 0ms) == Fate::fail);
    const auto held = [](std::chrono::seconds expire, milliseconds held) {
      return settle({.hold_expire = expire}, {.result = ReplyClass::account_paused, .held = held})
          .fate;
    };
    CHECK(held(336h, milliseconds::min()) == Fate::hold);
    CHECK(held(336h, milliseconds::max()) == Fate::fail);
    CHECK(held(std::chrono::seconds::max(), milliseconds::max()) == Fate::hold);
  }

  TEST_CASE("the count of attempts stops at its end") {
    CHECK(settle({}, {.result = ReplyClass::transient, .attempts_before = most}).attempts == most);
  }

  TEST_CASE("pauses by class are spread too and never longer than max") {
    const RetryRules hasty{.first = 1s, .max = 2s};
    for (const ReplyClass result :
         {ReplyClass::credentials, ReplyClass::daily_quota, ReplyClass::throttled}) {
      CAPTURE(word(result));
      CHECK(settle(hasty, {.result = result, .random = least}).retry_in == 1500ms);
      CHECK(settle(hasty, {.result = result, .random = most}).retry_in == 2499ms);
    }
  }

  TEST_CASE("a message in doubt waits, is sent again or held, by rule and by proof of the feed") {
    struct Doubted {
      DoubtAction action;
      bool feed_proven;
      bool urgent;
      Fate fate;
      EventKind event;
      milliseconds retry_in;
    };
    using enum DoubtAction;
    const std::vector<Doubted> rows{
        {automatic, true, false, Fate::doubt, EventKind::in_doubt, 15min},
        {automatic, true, true, Fate::doubt, EventKind::in_doubt, 60s},
        {automatic, false, false, Fate::retry, EventKind::resent, 120s},
        {automatic, false, true, Fate::retry, EventKind::resent, 120s},
        {wait, false, false, Fate::doubt, EventKind::in_doubt, 15min},
        {wait, true, true, Fate::doubt, EventKind::in_doubt, 60s},
        {resend, true, false, Fate::retry, EventKind::resent, 120s},
        {hold, true, false, Fate::hold, EventKind::held, 14 * 24h},
    };
    for (const Doubted& row : rows) {
      CAPTURE(static_cast<int>(row.action));
      CAPTURE(row.feed_proven);
      CAPTURE(row.urgent);
      const RetryRules rules{.doubt = {.action = row.action}};
      const Settlement settled = settle(rules,
                                        {.result = ReplyClass::ambiguous,
                                         .attempts_before = 2,
                                         .random = middle,
                                         .urgent = row.urgent,
                                         .feed_proven = row.feed_proven});
      CHECK(settled.fate == row.fate);
      CHECK(settled.event == row.event);
      CHECK(settled.retry_in == row.retry_in);
      CHECK(settled.attempts == 3);
      CHECK((settled.reason == Reason::by_hand) == (row.fate == Fate::hold));
      const milliseconds waits = doubt_wait(rules.doubt, row.urgent, row.feed_proven);
      CHECK(waits == (row.fate == Fate::doubt ? row.retry_in : 0ms));
    }
  }

  TEST_CASE(
      "an entry in doubt waits to the end of its time, or until the feed proves itself no more") {
    const auto after = [](milliseconds waited, bool feed_proven) {
      return settle_doubt({}, {.attempts = 3, .waited = waited, .feed_proven = feed_proven});
    };
    CHECK(after(5min, true).fate == Fate::doubt);
    CHECK(after(5min, true).retry_in == 10min);
    CHECK(after(15min - 1ms, true).retry_in == 1ms);
    for (const Settlement& over : {after(15min, true), after(5min, false), after(1000h, true)}) {
      CHECK(over.fate == Fate::retry);
      CHECK(over.event == EventKind::resent);
      CHECK(over.retry_in == 0ms);
      CHECK(over.attempts == 3);
    }
    CHECK(after(milliseconds::min(), true).retry_in == 15min);
    CHECK(after(milliseconds::max(), true).fate == Fate::retry);
  }

  TEST_CASE("a message in doubt is given up only when it would be sent again, past its time") {
    const auto fate = [](milliseconds waited, milliseconds age, bool steady) {
      return settle_doubt({},
                          {.age = age,
                           .waited = waited,
                           .urgent = true,
                           .feed_proven = true,
                           .clock_steady = steady});
    };
    CHECK(fate(30s, 11h, true).fate == Fate::doubt);
    CHECK(fate(60s, 11h, true).fate == Fate::fail);
    CHECK(fate(60s, 11h, true).event == EventKind::expired);
    CHECK(fate(60s, 9h, true).fate == Fate::retry);
    CHECK(fate(60s, 11h, false).fate == Fate::retry);
  }

  TEST_CASE(
      "no reply of the operator's side fails a message, however it is worded in phase or code") {
    const std::vector<std::string_view> words{"Throttling failure: Maximum sending rate exceeded",
                                              "Throttling failure: Daily message quota exceeded",
                                              "Too many concurrent SMTP connections",
                                              "Message rejected: Sending paused for this account.",
                                              "Message rejected: Email address is not verified.",
                                              "MAIL FROM domain not verified: DNS setup",
                                              "Access denied: User `arn' is not authorized",
                                              "Configuration set does not exist",
                                              "Account not subscribed to SES"};
    for (const std::string_view text : words) {
      for (const int code : {421, 451, 454, 530, 535, 550, 554}) {
        for (int phase = 0; phase <= static_cast<int>(Phase::quit); ++phase) {
          CAPTURE(text);
          CAPTURE(code);
          CAPTURE(phase);
          const ReplyClass c = classify(
              static_cast<Phase>(phase), UpstreamReply{code, std::string(text)}, false, shop);
          CHECK(settle({}, {.result = c}).fate != Fate::fail);
        }
      }
    }
    for (const Phase phase : {Phase::connect,
                              Phase::greeting,
                              Phase::hello,
                              Phase::starttls,
                              Phase::auth,
                              Phase::idle,
                              Phase::quit}) {
      for (int code = 400; code < 600; ++code) {
        const ReplyClass c =
            classify(phase, UpstreamReply{code, "Transaction failed: x"}, false, shop);
        CHECK(settle({}, {.result = c}).fate != Fate::fail);
      }
    }
  }
}

}  // namespace smtp
