#include "relay/delivery/quota_window.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace delivery {
namespace {

using namespace std::chrono_literals;
using Time = QuotaWindow::Time;

constexpr Time start{1000h};
constexpr std::uint32_t middle = 1U << 31U;

/// As if a refusal had shown that quota at that time.
void learn(QuotaWindow& window, std::uint64_t quota, Time when) {
  const QuotaWindow::Wall wall{20'000 * 24h};
  window.recall(
      "quota " + std::to_string((20'000 * 24h) / 1s) + " " + std::to_string(quota), when, wall);
}

}  // namespace

TEST_SUITE("relay/delivery/quota_window") {
  TEST_CASE("what was sent counts for a day and five minutes at most") {
    QuotaWindow window;
    window.sent(30, start);
    window.sent(12, start + 12h);
    CHECK(window.sent_in_window(start + 12h) == 42);
    CHECK(window.sent_in_window(start + 24h) == 42);
    CHECK(window.sent_in_window(start + 24h + 5min) == 12);
    CHECK(window.sent_in_window(start + 36h) == 12);
    CHECK(window.sent_in_window(start + 36h + 5min) == 0);
  }

  TEST_CASE("a clock that stands for weeks or goes back leaves the count in order") {
    QuotaWindow window;
    window.sent(30, start);
    CHECK(window.sent_in_window(start + 24h * 50) == 0);
    window.sent(5, start + 24h * 50);
    CHECK(window.sent_in_window(start) == 5);
    window.sent(7, start);  // long past the window: not counted
    CHECK(window.sent_in_window(start + 24h * 50) == 5);
  }

  TEST_CASE(
      "what was sent before the start is told afterwards, even from before the clock's zero") {
    QuotaWindow window;
    const Time now{1h};
    window.sent(3, now);
    window.sent(10, now - 20h);
    window.sent(100, now - 30h);
    CHECK(window.sent_in_window(now) == 13);
    CHECK(window.sent_in_window(now + 4h + 10min) == 3);
  }

  TEST_CASE("what was sent and learned is kept over a restart, by the wall clock") {
    constexpr QuotaWindow::Wall wall{20'000 * 24h};
    QuotaWindow before;
    before.sent(30, start);
    before.sent(12, start + 12h);
    before.sent(18, start + 13h);
    static_cast<void>(before.refused(start + 13h, middle));
    const std::string kept = before.kept(start + 14h, wall);

    QuotaWindow after;  // another hour later, on a machine that has just been started
    const Time now{30min};
    after.recall(kept, now, wall + 1h);
    CHECK(after.sent_in_window(now) == 60);
    CHECK(after.known_quota(now) == 60);
    CHECK(after.sent_in_window(now + 9h + 10min) == 30);
    CHECK(after.sent_in_window(now + 21h + 10min) == 18);
    CHECK(after.known_quota(now + 21h + 50min));
    CHECK_FALSE(after.known_quota(now + 22h + 10min));

    QuotaWindow later;
    later.recall(kept, now, wall + 30h);
    CHECK(later.sent_in_window(now) == 0);
    CHECK_FALSE(later.known_quota(now));
  }

  TEST_CASE("restarts do not make what was sent older or younger than half a bucket") {
    constexpr QuotaWindow::Wall wall{20'000 * 24h};
    QuotaWindow window;
    window.sent(5, start);
    for (int restart = 1; restart <= 20; ++restart) {
      QuotaWindow next;
      const auto passed = restart * 7min;
      next.recall(window.kept(start + passed, wall + passed), start + passed, wall + passed);
      window = next;
    }
    CHECK(window.sent_in_window(start + 24h - 5min) == 5);
    CHECK(window.sent_in_window(start + 24h + 10min) == 0);
  }

  TEST_CASE(
      "a kept window that is damaged, or of a clock that went back, is read as far as it can be") {
    const QuotaWindow::Wall wall{20'000 * 24h};
    const auto ahead = std::to_string((20'000 * 24h + 5h) / 1s);
    for (const auto& [kept, sent] : std::vector<std::pair<std::string, std::uint64_t>>{
             {"", 0},
             {"sent", 0},
             {"sent x 3\n", 0},
             {"sent 99999999999999999999 3\n", 0},
             {"sent -9223372036854775808 3\n", 0},
             {"sent " + ahead + " 3\nsent " + ahead + " 4", 7},
             {"later 1 2\nsent " + ahead + " 3\nsent", 3}}) {
      CAPTURE(kept);
      QuotaWindow window;
      window.recall(kept, start, wall);
      CHECK(window.sent_in_window(start) == sent);
    }
  }

  TEST_CASE("without a known quota all may go") {
    QuotaWindow window;
    window.sent(1'000'000, start);
    CHECK_FALSE(window.known_quota(start));
    CHECK(window.allows(false, 50, start));
    CHECK(window.wait(false, 50, start) == 0ms);
  }

  TEST_CASE("of a known quota the last tenth is for urgent mail") {
    QuotaWindow window;
    learn(window, 200, start);
    window.sent(179, start);
    CHECK(window.allows(false, 1, start));
    CHECK_FALSE(window.allows(false, 2, start));
    window.sent(1, start);
    CHECK_FALSE(window.allows(false, 1, start));
    CHECK(window.allows(true, 1, start));
    window.forget();
    CHECK(window.allows(false, 1, start));
  }

  TEST_CASE("normal mail waits until the window frees room for all its recipients") {
    QuotaWindow window;
    window.sent(40, start);
    window.sent(50, start + 1h);
    const Time now = start + 2h;
    learn(window, 100, now);
    const auto one = window.wait(false, 40, now);
    CHECK(one <= 22h + 5min);
    CHECK(one > 22h - 5min);
    CHECK_FALSE(window.allows(false, 40, now + one - 1ms));
    CHECK(window.allows(false, 40, now + one));
    CHECK(window.wait(false, 41, now + 1min) > 22h + 50min);
  }

  TEST_CASE("a message larger than the whole quota goes when nothing else counts") {
    QuotaWindow window;
    learn(window, 10, start);
    CHECK(window.allows(false, 50, start));
    window.sent(1, start - 1h);
    CHECK_FALSE(window.allows(false, 50, start));
    CHECK(window.allows(false, 50, start + window.wait(false, 50, start)));
  }

  TEST_CASE("a refusal teaches the quota for a day, and sending past it corrects it") {
    QuotaWindow window;
    window.sent(200, start);
    static_cast<void>(window.refused(start, middle));
    CHECK(window.known_quota(start) == 200);
    CHECK_FALSE(window.allows(false, 1, start));
    CHECK(window.allows(true, 1, start));
    window.sent(60, start);
    CHECK(window.known_quota(start) == 260);
    CHECK(window.known_quota(start + 24h - 1s) == 260);
    CHECK_FALSE(window.known_quota(start + 24h));
  }

  TEST_CASE("a given quota is not unlearned, and a refusal before anything was sent teaches none") {
    QuotaWindow given;
    given.told(500, 0);
    given.sent(200, start);
    static_cast<void>(given.refused(start, middle));
    CHECK(given.known_quota(start) == 500);
    QuotaWindow fresh;
    fresh.sent(49, start);
    static_cast<void>(fresh.refused(start, middle));
    CHECK_FALSE(fresh.known_quota(start));
  }

  TEST_CASE("it looks again at growing intervals from five minutes to an hour") {
    QuotaWindow window;
    Time now = start;
    for (const auto pause : {5min, 10min, 20min, 40min, 60min, 60min}) {
      CAPTURE(pause.count());
      CHECK(window.refused(now, middle) == pause);
      now += pause;
    }
    window.sent(1, now);
    CHECK(window.refused(now, middle) == 5min);
    CHECK(window.refused(now, 0) == 7min + 30s);
  }

  TEST_CASE("it looks sooner when what was sent a day ago leaves the window") {
    QuotaWindow window;
    window.sent(100, start);
    const Time now = start + 24h + 1min;
    CHECK(window.refused(now, middle) == 4min);
    CHECK(window.refused(now + 3min + 30s, middle) == 1min);
  }

  TEST_CASE("what the account tells counts all its senders, and what is sent since comes on top") {
    QuotaWindow window;
    window.sent(10, start);
    window.told(200, 170);
    CHECK(window.sent_in_window(start) == 170);
    CHECK(window.allows(false, 10, start));
    CHECK_FALSE(window.allows(false, 11, start));
    window.sent(10, start);
    CHECK(window.sent_in_window(start) == 180);
    CHECK_FALSE(window.allows(false, 1, start));
    CHECK(window.allows(true, 1, start));
    CHECK(window.wait(false, 1, start) == 5min);  // by then it is told anew
    window.told(400, 180);
    CHECK(window.allows(false, 100, start));
  }

  TEST_CASE(
      "an account without a limit keeps no mail, and one that tells no more is learned again") {
    QuotaWindow window;
    window.sent(10, start);
    window.told(std::nullopt, 1'000'000);
    CHECK_FALSE(window.known_quota(start));
    CHECK(window.allows(false, 50, start));
    window.told(100, 100);
    CHECK_FALSE(window.allows(false, 1, start));
    window.not_told();
    CHECK(window.sent_in_window(start) == 10);
    CHECK_FALSE(window.known_quota(start));
    CHECK(window.allows(false, 50, start));
  }
}

}  // namespace delivery
