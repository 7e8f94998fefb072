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
        {ReplyClass::throttled, Fate::retry, none, EventKind::throttled, false, false, false, 5s},
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
         Fate::fail,
         none,
         EventKind::failed,
         true,
         false,
         false,
         0ms},
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

  TEST_CASE("only what is retried expires, from expire on; what is held never fails") {
    const RetryRules rules{.expire = 100s};
    for (const ReplyClass result : all_classes) {
      CAPTURE(word(result));
      const Fate young = settle(rules, {.result = result, .age = 100s - 1ms}).fate;
      const Settlement old = settle(rules, {.result = result, .age = 100s});
      CHECK(static_cast<int>(old.fate) ==
            static_cast<int>(young == Fate::retry ? Fate::fail : young));
      CHECK((old.event == EventKind::failed) == (old.fate == Fate::fail));
      CHECK((old.fate != Fate::fail || old.retry_in == 0ms));
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
    CHECK(fate(0s, -1ms) == Fate::retry);
    CHECK(fate(0s, 0ms) == Fate::fail);
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
