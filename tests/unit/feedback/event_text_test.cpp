#include "relay/feedback/event_text.hpp"

#include <doctest/doctest.h>

#include <chrono>

using feedback::bare_address;
using feedback::one_line;
using feedback::without_addresses;

TEST_CASE("foreign text becomes one line of whole characters within its bound") {
  CHECK(one_line("smtp; 550-5.1.1 no\r\n550 5.1.1 such\tuser", 100) ==
        "smtp; 550-5.1.1 no 550 5.1.1 such user");
  CHECK(one_line(" \x01\x7f a \x1b[31m b ", 100) == "a [31m b");
  CHECK(one_line("", 5).empty());
  CHECK(one_line(" \n ", 5).empty());
  CHECK(one_line("abcdef", 6) == "abcdef");
  CHECK(one_line("abcdefg", 6) == "abcdef");
  CHECK(one_line("abcd\xC3\xA9", 6) == "abcd\xC3\xA9");
  CHECK(one_line("abcde\xC3\xA9", 6) == "abcde");
  CHECK(one_line("abc\xF0\x9F\x98\x80", 6) == "abc");
  CHECK(one_line("x", 0).empty());
}

TEST_CASE("no mail address is left in foreign text") {
  struct Row {
    std::string_view text, expected;
  };
  const Row rows[] = {
      {"smtp; 550 5.1.1 user unknown", "smtp; 550 5.1.1 user unknown"},
      {"550 5.1.1 <bob@example.org>... User unknown", "550 5.1.1 <address>... User unknown"},
      {"bob@example.org unknown", "<address> unknown"},
      {"rfc822;bob@example.org", "rfc822;<address>"},
      {"unknown: bob@example.org", "unknown: <address>"},
      {"550 <\"b b\"@example.org>: no", "550 <address>: no"},
      {"no \"bob\"@example.org here", "no <address> here"},
      {"a@example.org, b@example.org", "<address>, <address>"},
      {"a@example.org b@example.org", "<address> <address>"},
      {"line\nbob@example.org\nline", "line\n<address>\nline"},
      {"bob+tag.x_y=z@example.org", "<address>"},
      {"<bob@example.org", "<<address>"},
      {"bob@", "<address>"},
      {"@", "<address>"},
      {"@@@", "<address>"},
      {"\"@", "\"<address>"},
      {"m\xC3\xBCller@example.org", "<address>"},
      {"b\xC3\xB6se <m\xC3\xBCller@ex\xC3\xA4mple.org>", "b\xC3\xB6se <address>"},
      {"", ""},
  };
  for (const auto& row : rows) {
    CAPTURE(row.text);
    CHECK(without_addresses(row.text) == row.expected);
  }
}

TEST_CASE("a megabyte of at signs and quotes takes no longer than its length") {
  const auto begin = std::chrono::steady_clock::now();
  for (const std::string_view unit : {"@", "\"@", "\"@\"", "a@b ", "\" @"}) {
    std::string text;
    while (text.size() < 1'000'000) text += unit;
    CAPTURE(unit);
    CHECK_FALSE(without_addresses(text).empty());
  }
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(20));
}

TEST_CASE("an address of SES is what the envelope has") {
  struct Row {
    std::string_view text, expected;
  };
  const Row rows[] = {
      {"bob@example.org", "bob@example.org"},
      {"Bob.X@Example.ORG", "Bob.X@example.org"},
      {"John <x@gmail.com>", "x@gmail.com"},
      {"\"Doe, John\" <x@Gmail.com>", "x@gmail.com"},
      {"\"<a@b.example>\" <x@gmail.com>", "x@gmail.com"},
      {"<x@gmail.com>", "x@gmail.com"},
      {"\"b.b\"@example.org", "\"b.b\"@example.org"},
      {"no address at all", "no address at all"},
      {"a\r\nb@Example.org", "a b@example.org"},
      {"", ""},
      {"<>", ""},
  };
  for (const auto& row : rows) {
    CAPTURE(row.text);
    CHECK(bare_address(row.text) == row.expected);
  }
  CHECK(bare_address(std::string(5000, 'x') + "@EXAMPLE.org").size() == 320);
}
