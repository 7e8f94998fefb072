#include "relay/net/content_memory.hpp"

#include <doctest/doctest.h>

namespace limits = net::limits;

TEST_SUITE_BEGIN("relay/net/content_memory");

TEST_CASE("what one app holds takes no room from another") {
  net::ContentMemory memory;
  auto shop = memory.share_of("shop");
  REQUIRE(shop.hold(limits::content_of_app));
  CHECK_FALSE(memory.room_for("shop"));
  REQUIRE(memory.room_for("blog"));
  auto blog = memory.share_of("blog");
  CHECK(blog.hold(limits::content_in_memory / 4));
}

TEST_CASE("a message over its app's bound has to end, and so has one over that of all") {
  net::ContentMemory memory;
  auto first = memory.share_of("shop");
  auto second = memory.share_of("shop");
  REQUIRE(first.hold(limits::content_of_app));
  CHECK_FALSE(second.hold(1));
  REQUIRE(second.hold(0));
  auto blog = memory.share_of("blog");
  REQUIRE(blog.hold(limits::content_of_app));
  auto news = memory.share_of("news");
  CHECK_FALSE(news.hold(1));
  CHECK_FALSE(memory.room_for("docs"));
}

TEST_CASE("a message that grows, shrinks and ends is counted as it is") {
  net::ContentMemory memory;
  {
    auto share = memory.share_of("shop");
    CHECK(share.hold(10));
    CHECK(share.hold(30));
    CHECK(memory.octets() == 30);
    CHECK(share.hold(5));
    CHECK(memory.octets() == 5);
  }
  CHECK(memory.octets() == 0);
  CHECK(memory.room_for("shop"));
}

TEST_SUITE_END();
