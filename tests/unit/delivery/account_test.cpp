#include "relay/delivery/account.hpp"

#include <doctest/doctest.h>

#include <chrono>

namespace delivery {
namespace {

using namespace std::chrono_literals;

constexpr Account::Time start{1h};

AccountFigures figures(std::uint64_t quota, std::uint64_t sent) {
  AccountFigures told;
  told.quota = quota;
  told.sent = sent;
  return told;
}

AccountFigures paused() {
  AccountFigures told;
  told.pause = policy::Reason::account_paused;
  return told;
}

}  // namespace

TEST_SUITE("relay/delivery/account") {
  TEST_CASE("the quota that the account tells is kept to, until it tells none") {
    Account account;
    CHECK(account.quota_wait(false, 10, start) == 0ms);
    account.told(figures(1000, 895), start);
    CHECK(account.known_quota(start) == 1000);
    CHECK(account.sent_in_window(start) == 895);
    CHECK(account.quota_wait(false, 5, start) == 0ms);
    CHECK(account.quota_wait(false, 10, start) > 0ms);
    CHECK(account.quota_wait(true, 10, start) == 0ms);
    account.told(std::nullopt, start);
    CHECK_FALSE(account.figures());
    CHECK_FALSE(account.known_quota(start));
    CHECK(account.quota_wait(false, 10, start) == 0ms);
  }

  TEST_CASE("that it may send again is tried at once, and only then") {
    Account account;
    account.hold({policy::Reason::account_paused, ""}, start);
    REQUIRE(account.probes(start).size() == 1);
    account.told(paused(), start);
    account.told(paused(), start);
    CHECK(account.probes(start).empty());
    account.told(figures(1000, 0), start);
    CHECK(account.probes(start).size() == 1);
  }
}

}  // namespace delivery
