#include "policy/address.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <vector>

TEST_CASE("a path is taken only as an address that SES can take") {
  struct Row {
    std::string path;
    std::optional<std::string> text;  // nothing: a fault
  };
  const std::string local64(64, 'a');
  const std::string label63(63, 'd');
  const std::vector<Row> rows{
      {"noreply@example.com", "noreply@example.com"},
      {"NoReply@EXAMPLE.Com", "NoReply@example.com"},
      {"a.b+c%d!e=f@example.com", "a.b+c%d!e=f@example.com"},
      {"\"a@b\"@example.com", "\"a@b\"@example.com"},
      {"\"a\\\"b\"@example.com", "\"a\\\"b\"@example.com"},
      {"user@b\xC3\xBC"
       "cher.example",
       "user@xn--bcher-kva.example"},
      {"user@xn--bcher-kva.example", "user@xn--bcher-kva.example"},
      {"user@localhost", "user@localhost"},
      {local64 + "@example.com", local64 + "@example.com"},
      {local64 + "a@example.com", std::nullopt},
      {"a@" + label63 + ".example", "a@" + label63 + ".example"},
      {"a@" + label63 + "d.example", std::nullopt},
      {local64 + "@" + label63 + "." + label63 + "." + label63 + ".example", std::nullopt},
      {"", std::nullopt},
      {"noreply", std::nullopt},
      {"@example.com", std::nullopt},
      {"noreply@", std::nullopt},
      {"noreply@example.com.", std::nullopt},
      {"noreply@.example.com", std::nullopt},
      {"noreply@example..com", std::nullopt},
      {"noreply@-example.com", std::nullopt},
      {"noreply@exam_ple.com", std::nullopt},
      {"noreply@[192.0.2.1]", std::nullopt},
      {"noreply@[IPv6:2001:db8::1]", std::nullopt},
      {"@relay.example:noreply@example.com", std::nullopt},
      {"a@evil.example@example.com", std::nullopt},
      {"a..b@example.com", std::nullopt},
      {".a@example.com", std::nullopt},
      {"a.@example.com", std::nullopt},
      {"a b@example.com", std::nullopt},
      {"\"a b\"@example.com", std::nullopt},
      {"\"a@example.com", std::nullopt},
      {"\"a\"b\"@example.com", std::nullopt},
      {"\"a\\\"@example.com", std::nullopt},
      {"<a@example.com>", std::nullopt},
      {"a(comment)@example.com", std::nullopt},
      {std::string("a\0@example.com", 14), std::nullopt},
      {std::string("a@example.com\0.evil.example", 27), std::nullopt},
      {std::string("a@b\xC3\xBC\0.example", 15), std::nullopt},
      {"a@example.com\r\nRCPT TO:<b@c.example>", std::nullopt},
      {"a\x7F@example.com", std::nullopt},
      {"a@b\xFF.example", std::nullopt},
      {"a@\xEF\xBD\x85xample.com", std::nullopt},  // full-width e
      {"a@exam\xC2\xADple.com", std::nullopt},     // soft hyphen
      {"a@example\xE3\x80\x82"
       "com",
       std::nullopt},  // ideographic full stop
  };
  for (const Row& row : rows) {
    CAPTURE(row.path);
    const auto path = policy::parse_path(row.path);
    CHECK(path.has_value() == row.text.has_value());
    if (path && row.text) CHECK(path->text() == *row.text);
  }
}

TEST_CASE("non-ASCII before the @ of a path is a fault of its own") {
  const auto path = policy::parse_path("j\xC3\xBCrgen@example.com");
  REQUIRE(!path);
  CHECK(path.error().fault == policy::PathFault::non_ascii_local);
  CHECK(policy::parse_path("a b@example.com").error().fault == policy::PathFault::syntax);
}

TEST_CASE("a domain is compared as its lower-case A-label, and a look-alike is another domain") {
  CHECK(*policy::normal_domain("EXAMPLE.com") == "example.com");
  CHECK(*policy::normal_domain("B\xC3\xBC"
                               "cher.example") == "xn--bcher-kva.example");
  CHECK(*policy::normal_domain("ex\xD0\xB0mple.com") != "example.com");  // Cyrillic a
  CHECK(policy::normal_domain("example.com.").error().sentence() ==
        "The domain ends with a dot: leave it out.");
  CHECK(!policy::normal_domain(""));
  CHECK(!policy::normal_domain("*.example.com"));
  CHECK(!policy::normal_domain(std::string(63, 'a') + "." + std::string(63, 'a') + "." +
                               std::string(63, 'a') + "." + std::string(63, 'a')));
}

TEST_CASE(
    "a domain in Unicode is one name in capitals and in small letters, and nothing else is "
    "folded") {
  struct Row {
    std::string written;
    std::string normal;  // empty: refused
  };
  const std::vector<Row> rows{
      {"bücher.example", "xn--bcher-kva.example"},
      {"BÜCHER.EXAMPLE", "xn--bcher-kva.example"},
      {"BüCher.Example", "xn--bcher-kva.example"},
      {"BU\u0308CHER.example", "xn--bcher-kva.example"},  // a U and a diaeresis on it
      {"Mail.BÜCHER.example", "mail.xn--bcher-kva.example"},
      {"ÅNGSTRÖM.example", "xn--ngstrm-hua5l.example"},
      {"\u212BNGSTRÖM.example", "xn--ngstrm-hua5l.example"},  // the same letter, as a unit's sign
      {"ПОЧТА.РФ", "xn--80a1acny.xn--p1ai"},
      {"почта.рф", "xn--80a1acny.xn--p1ai"},
      {"ΟΔΟΣ.example", "xn--pxavbq.example"},
      {"straße.example", "xn--strae-oqa.example"},
      {"STRAßE.example", "xn--strae-oqa.example"},
      {"STRASSE.example", "strasse.example"},
      {"XN--BCHER-KVA.example", "xn--bcher-kva.example"},
      // read in two ways by those who map
      {"STRA\u1E9EE.example", ""},    // capital sharp s
      {"\u0130STANBUL.example", ""},  // capital I with a dot
      // other spellings of a name
      {"\uFF22ücher.example", ""},   // full-width B
      {"bücher\u3002example", ""},   // ideographic full stop
      {"bücher\uFF0Eexample", ""},   // full-width full stop
      {"bücher\uFF61example", ""},   // half-width ideographic full stop
      {"bü\u00ADcher.example", ""},  // soft hyphen
      {"bü\u200Bcher.example", ""},  // zero width space
      {"\u2163.example", ""},        // the Roman number four
      // no names at all
      {"bü cher.example", ""},
      {"bü_cher.example", ""},
      {"-bücher.example", ""},
      {"bücher-.example", ""},
      {"bü--cher.example", ""},  // two hyphens where xn-- has them
      {"bücher--x.example", "xn--bcher--x-65a.example"},
      {"xn--bücher.example", ""},
      {"\u0308bücher.example", ""},  // begins with a combining mark
      {"b\u200Dü.example", ""},      // a joiner where nothing joins
      {"😀.example", ""},
      {"bücher..example", ""},
      {"bücher.example.", ""},
      {"b\xFC"
       "cher.example",
       ""},  // Latin-1
      {"b\xC3", ""},
  };
  for (const Row& row : rows) {
    CAPTURE(row.written);
    const auto domain = policy::normal_domain(row.written);
    CHECK((domain ? *domain : "") == row.normal);
    if (!domain) CHECK(domain.error().sentence().find(':') != std::string::npos);
    const auto path = policy::parse_path("a@" + row.written);
    CHECK((path ? path->domain : "") == row.normal);
    const auto from = policy::parse_mailbox_list("Alice <a@" + row.written + ">");
    CHECK((from && from->front().domain == row.normal) == !row.normal.empty());
  }
}
