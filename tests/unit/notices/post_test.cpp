#include "relay/notices/post.hpp"

#include <boost/json.hpp>
#include <doctest/doctest.h>

#include <string>

using namespace notices;
using namespace std::chrono_literals;

namespace {

constexpr auto noon = std::chrono::sys_days{std::chrono::year{2026} / 11 / 22} + 12h;

ToldAlert warning() {
  return {{.kind = AlertKind::domain,
           .app = "shop",
           .about = "example.com",
           .sentence = "example.com has records that are wrong."},
          2};
}

}  // namespace

TEST_SUITE("relay/notices/post") {
  TEST_CASE("a post says what it is about, in one JSON object") {
    const Post post = post_of(warning(), "ID", noon);
    CHECK(post.id == "ID");
    CHECK(
        post.body ==
        R"({"id":"ID","at":"2026-11-22T12:00:00Z","kind":"domain","app":"shop",)"
        R"("about":"example.com","sentence":"example.com has records that are wrong.","more":2})");
  }

  TEST_CASE("foreign octets of a sentence stay one printable text") {
    ToldAlert told = warning();
    told.alert.sentence = "\"\r\n\xFF\xE2\x80\xAE" + std::string(5000, 'x');
    const auto body = boost::json::parse(post_of(told, "ID", noon).body);
    CHECK(body.at("sentence").as_string().size() <= 1000);
    CHECK(body.at("sentence").as_string().starts_with("\"??"));
  }

  TEST_CASE("a digest is posted with its lines") {
    policy::Digest digest;
    digest.since = noon - 24h;
    digest.refused.push_back({"shop",
                              policy::Reason::attachment,
                              "Not sent: it has an attachment",
                              "R1",
                              3,
                              noon - 2h,
                              noon - 1h});
    digest.held.push_back({"blog", policy::Reason::by_hand, 4});
    const auto body = boost::json::parse(post_of(digest, "ID", noon).body);
    CHECK(body.at("kind") == "digest");
    CHECK(body.at("sentence") ==
          "3 mails were refused since 2026-11-21 12:00 UTC, and 4 are held back.");
    CHECK(boost::json::serialize(body.at("refused")) ==
          R"([{"app":"shop","reason":"attachment","sentence":"Not sent: it has an attachment",)"
          R"("count":3,"first":"2026-11-22T10:00:00Z","last":"2026-11-22T11:00:00Z",)"
          R"("reference":"R1"}])");
    CHECK(boost::json::serialize(body.at("held")) ==
          R"([{"app":"blog","reason":"by-hand","count":4}])");
  }

  TEST_CASE("a signature is the HMAC-SHA256 of time, dot and body") {
    // printf '1763812800.{"id":"ID"}' | openssl dgst -sha256 -hmac secret
    CHECK(signature(config::Secret("secret"), 1763812800, R"({"id":"ID"})") ==
          "t=1763812800,v1=52e1204355fa63d314bd27cb61649cb8a36aaea0b993f4a7c656a1342b00452d");
    CHECK(signature(config::Secret("secret"), 1763812801, R"({"id":"ID"})") !=
          signature(config::Secret("secret"), 1763812800, R"({"id":"ID"})"));
  }

  TEST_CASE("an alert reads as a letter") {
    const policy::Letter letter = letter_of(warning(), "web@example.com", noon);
    CHECK(letter.to == "web@example.com");
    CHECK(letter.subject == "Alert: domain, example.com of shop");
    CHECK(letter.text ==
          "example.com has records that are wrong.\r\n\r\n"
          "About: example.com of shop\r\n"
          "Seen:  2026-11-22 12:00 UTC\r\n\r\n"
          "2 more of the same were not mailed since the last one: there is one mail\r\n"
          "an hour.\r\n");
    ToldAlert account = warning();
    account.alert.app.clear();
    account.alert.about.clear();
    account.alert.kind = AlertKind::account;
    CHECK(letter_of(account, "ops@example.com", noon).subject == "Alert: account");
  }
}
