#include "relay/net/auth_guard.hpp"

#include "relay/net/limits.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace std::chrono_literals;

namespace {

const net::AuthGuard::Time start{1h};

void fail(net::AuthGuard& guard, std::string_view user, std::size_t times) {
  for (std::size_t i = 0; i < times; ++i) guard.failed(user, "192.0.2.1", start);
}

}  // namespace

TEST_SUITE_BEGIN("relay/net/auth_guard");

TEST_CASE("a user is locked at the bound of failed connections and not one before") {
  net::AuthGuard guard;
  fail(guard, "shop", net::limits::failed_connections - 1);
  CHECK_FALSE(guard.locked("shop", "192.0.2.1", start));
  fail(guard, "shop", 1);
  CHECK(guard.locked("shop", "192.0.2.1", start));
}

TEST_CASE("another user and another address are not locked with it") {
  net::AuthGuard guard;
  fail(guard, "shop", net::limits::failed_connections);
  CHECK_FALSE(guard.locked("blog", "192.0.2.1", start));
  CHECK_FALSE(guard.locked("shop", "192.0.2.2", start));
}

TEST_CASE("the lock ends with its window, and counting begins anew") {
  net::AuthGuard guard;
  fail(guard, "shop", net::limits::failed_connections);
  const auto later = start + net::limits::failed_window;
  CHECK(guard.locked("shop", "192.0.2.1", later - 1s));
  CHECK_FALSE(guard.locked("shop", "192.0.2.1", later));
  guard.failed("shop", "192.0.2.1", later);
  CHECK_FALSE(guard.locked("shop", "192.0.2.1", later));
}

TEST_CASE("at the bound of remembered pairs the oldest is forgotten") {
  net::AuthGuard guard;
  for (std::size_t i = 0; i < net::limits::failed_connections; ++i)
    guard.failed("first", "192.0.2.1", start - 1s);
  for (std::size_t i = 0; i + 1 < net::limits::guarded_pairs; ++i) {
    guard.failed("user" + std::to_string(i), "192.0.2.1", start);
  }
  CHECK(guard.locked("first", "192.0.2.1", start));
  guard.failed("one more", "192.0.2.1", start);
  CHECK_FALSE(guard.locked("first", "192.0.2.1", start));
}

TEST_SUITE_END();
