#include "relay/sendmail/addresses.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace {

using Texts = std::vector<std::string>;

Texts texts(std::string_view list) {
  Texts found;
  const auto addresses = sendmail::read_addresses(list);
  REQUIRE_MESSAGE(addresses.has_value(), list);
  for (const sendmail::ListedAddress& address : *addresses) found.push_back(address.text);
  return found;
}

}  // namespace

TEST_SUITE("lists of addresses") {
  TEST_CASE("each form of a list gives its addresses and nothing else") {
    struct Row {
      std::string_view list;
      Texts expected;
    };
    const std::vector<Row> rows{
        {"a@example.com", {"a@example.com"}},
        {" a@example.com , b@example.com", {"a@example.com", "b@example.com"}},
        {"Anna <a@example.com>", {"a@example.com"}},
        {"\"Meier, Anna\" <a@example.com>, b@example.com", {"a@example.com", "b@example.com"}},
        {"<a@example.com>", {"a@example.com"}},
        {"root (Cron Daemon)", {"root"}},
        {"(one, two) a@example.com (x \\) y)", {"a@example.com"}},
        {"\"a b\"@example.com", {"\"a b\"@example.com"}},
        {"<\"a>b\"@example.com>", {"\"a>b\"@example.com"}},
        {"undisclosed-recipients:;", {}},
        {"friends: a@example.com, B <b@example.com>; c@example.com",
         {"a@example.com", "b@example.com", "c@example.com"}},
        {"a@example.com,\r\n b@example.com", {"a@example.com", "b@example.com"}},
        {"a@example.com,,", {"a@example.com"}},
        {"", {}},
        {"=?utf-8?Q?J=C3=B6rg?= <a@example.com>", {"a@example.com"}},
        {"a@b\xc3\xbc"
         "cher.example",
         {"a@b\xc3\xbc"
          "cher.example"}},
    };
    for (const Row& row : rows) {
      CAPTURE(row.list);
      CHECK(texts(row.list) == row.expected);
    }
  }

  TEST_CASE("what could be read in two ways is refused with what to write instead") {
    for (const std::string_view list : {"a b@example.com",
                                        "Anna a@example.com",
                                        "<a@example.com> <b@example.com>",
                                        "<a@example.com",
                                        "\"a@example.com",
                                        "(a@example.com",
                                        "friends: a@example.com",
                                        "a@example.com; b@example.com",
                                        "a: b: c@example.com;",
                                        "<a@example.com>x: b@example.com;",
                                        "<>",
                                        "<a@example.com>SIZE=1>",
                                        "<a @example.com>",
                                        "@example.com",
                                        "a@",
                                        "<@a,@b:c@example.com>",
                                        "a\x01@example.com",
                                        "<a@example.com\nRCPT TO:b>"}) {
      CAPTURE(list);
      const auto addresses = sendmail::read_addresses(list);
      REQUIRE_FALSE(addresses.has_value());
      CHECK(addresses.error().exit_code() == 65);
      CHECK(addresses.error().sentence().find("write `name@example.com") != std::string::npos);
      CHECK(addresses.error().sentence().find('\n') == std::string::npos);
    }
  }

  TEST_CASE("an address of 320 octets is read, one of 321 is not") {
    const std::string domain = "@example.com";
    const std::string longest(sendmail::max_address_octets - domain.size(), 'a');
    CHECK(sendmail::read_addresses(longest + domain).has_value());
    CHECK_FALSE(sendmail::read_addresses("a" + longest + domain).has_value());
  }

  TEST_CASE("a domain is what follows an unquoted @") {
    const auto has_domain = [](const char* text) {
      return sendmail::ListedAddress{text, 0}.has_domain();
    };
    CHECK(has_domain("a@example.com"));
    CHECK(has_domain("\"a@b\"@example.com"));
    CHECK_FALSE(has_domain("root"));
    CHECK_FALSE(has_domain("\"a@b\""));
  }

  TEST_CASE("the end of an address is where a domain can be put") {
    for (const std::string list : {"root (Cron Daemon)", "Root <root>", "a@b.example, root"}) {
      CAPTURE(list);
      const auto addresses = sendmail::read_addresses(list);
      REQUIRE(addresses.has_value());
      std::string completed = list;
      completed.insert(addresses->back().end, "@example.com");
      CHECK(completed.find("root@example.com") != std::string::npos);
      CHECK(texts(completed).back() == "root@example.com");
    }
  }
}
