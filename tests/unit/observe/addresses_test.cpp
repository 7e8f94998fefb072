#include "relay/observe/addresses.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

using config::LogAddresses;

TEST_SUITE("relay/observe/addresses") {
  TEST_CASE("masked shows the first character and the domain of each address, wherever it stands") {
    struct Row {
      std::string_view text, shown;
    };
    const Row rows[] = {
        {"anna@example.org", "a***@example.org"},
        {"250 <anna.b+c=d@example.org> ok", "250 <a***@example.org> ok"},
        {"a@x.org, b@y.org;c@z.org", "a***@x.org, b***@y.org;c***@z.org"},
        {R"("anna b"@example.org)", R"("***@example.org)"},
        {R"("a\"b@c"@example.org)", R"("***@example.org)"},
        {"x@anna@example.org", "x***@example.org"},
        {"öta@example.org", "ö***@example.org"},
        {"identities failed: anna@example.org", "identities failed: a***@example.org"},
        {"mailto:anna@example.org", "mailto:a***@example.org"},
        {"no address, alone @ or @example.org", "no address, alone @ or @example.org"},
        {"nothing at all \"quoted\"", "nothing at all \"quoted\""},
        {"anna@[192.0.2.1]", "a***@[192.0.2.1]"},
        {"anna@", "a***@"},
    };
    for (const Row& row : rows) {
      CAPTURE(row.text);
      CHECK(observe::with_addresses(row.text, LogAddresses::masked, "key") == row.shown);
    }
  }

  TEST_CASE("a local part is never shown beyond its first character") {
    for (const std::string local : {"secret",
                                    "a.secret",
                                    "\"secret\"",
                                    "'secret'",
                                    "x=secret",
                                    "bounce+secret",
                                    "{secret}"}) {
      for (const std::string before : {"", " ", "<", "to=", "(", "\"", "\xff"}) {
        const std::string shown =
            observe::with_addresses(before + local + "@example.org", LogAddresses::masked, "");
        CAPTURE(shown);
        CHECK(shown.find("ecret") == std::string::npos);
      }
    }
  }

  TEST_CASE("a hash is the same for the same address under the same key only") {
    const auto hashed = [](std::string_view text, std::string_view key) {
      return observe::with_addresses(text, LogAddresses::hashed, key);
    };
    const std::string one = hashed("to <anna@example.org>", "key");
    CHECK(one.size() == std::string_view("to <0123456789abcdef@example.org>").size());
    CHECK(one.find("anna") == std::string::npos);
    CHECK(one.ends_with("@example.org>"));
    CHECK(hashed("to <Anna@example.org>", "key") == one);
    CHECK(hashed("to <anna@example.org>", "other key") != one);
    CHECK(hashed("to <anna@example.net>", "key").substr(0, 20) != one.substr(0, 20));
  }

  TEST_CASE("full shows what came") {
    CHECK(observe::with_addresses("<anna@example.org>", LogAddresses::full, "") ==
          "<anna@example.org>");
  }
}
