#include "relay/net/directory.hpp"

#include <doctest/doctest.h>

namespace {

net::Directory one_app() {
  net::Directory directory;
  auto facts = std::make_shared<policy::AppFacts>();
  facts->name = "shop";
  directory.apps.emplace("shop", facts);
  directory.credentials.emplace("shop", net::Credential("correct horse", {1, 2, 3}));
  return directory;
}

}  // namespace

TEST_SUITE_BEGIN("relay/net/directory");

TEST_CASE("the right password gives the app, and nothing else does") {
  const net::Directory directory = one_app();
  const auto app = directory.authenticate("shop", "correct horse");
  REQUIRE(app);
  CHECK(app->name == "shop");
  static const std::pair<const char*, const char*> rows[] = {
      {"shop", ""},
      {"shop", "correct"},
      {"shop", "correct horse "},
      {"shop", "Correct horse"},
      {"blog", ""},
      {"blog", "correct horse"},
      {"", ""},
      {"SHOP", "correct horse"},
  };
  for (const auto& [user, password] : rows) {
    CAPTURE(user);
    CAPTURE(password);
    CHECK_FALSE(directory.authenticate(user, password));
  }
}

TEST_CASE("an app without a credential cannot log in with the empty password") {
  net::Directory directory = one_app();
  directory.credentials.clear();
  CHECK_FALSE(directory.authenticate("shop", ""));
}

TEST_CASE("the same password under two salts matches only with its own") {
  const net::Credential first("secret", {1});
  const net::Credential second("secret", {2});
  CHECK(first.matches("secret"));
  CHECK(second.matches("secret"));
  CHECK_FALSE(first.matches("secret1"));
}

TEST_SUITE_END();
