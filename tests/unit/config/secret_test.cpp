#include "relay/config/secret.hpp"

#include "relay/config/files.hpp"
#include "tests/unit/config/folder.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <optional>

TEST_SUITE("relay/config/secret") {
  TEST_CASE("one line end is cut off a secret, and no more") {
    const test::Folder folder;
    struct Row {
      std::string text;
      std::optional<std::string> secret;  ///< none: refused
    };
    static const Row rows[] = {{"abc", "abc"},
                               {"abc\n", "abc"},
                               {"abc\r\n", "abc"},
                               {"abc\n\n", std::nullopt},
                               {"", std::nullopt},
                               {"\n", std::nullopt},
                               {"a b", std::nullopt},
                               {"a\tb", std::nullopt},
                               {"caf\xc3\xa9", std::nullopt}};
    for (const Row& row : rows) {
      CAPTURE(row.text);
      const auto secret = config::read_secret(folder.write("secret", row.text));
      CHECK(secret.has_value() == row.secret.has_value());
      if (secret && row.secret) CHECK(secret->reveal() == *row.secret);
    }
  }

  TEST_CASE("a secret may have the greatest length and not one octet more") {
    const test::Folder folder;
    CHECK(config::read_secret(folder.write("secret", std::string(config::max_secret_octets, 'x')))
              .has_value());
    CHECK_FALSE(
        config::read_secret(folder.write("secret", std::string(config::max_secret_octets + 1, 'x')))
            .has_value());
  }

  TEST_CASE("a pipe or a device is refused at once") {
    const test::Folder folder;
    const auto pipe = folder.path() / "pipe";
    REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
    CHECK_FALSE(config::read_secret(pipe).has_value());
    CHECK_FALSE(config::read_secret("/dev/zero").has_value());
  }

  TEST_CASE("a password passes only if it can hold 256 random bits") {
    struct Row {
      std::string password;
      bool strong;
    };
    static const Row rows[] = {
        {"Yy0p2uYhVtmVqRk2c7bQqJ8n4mXoL1sD5wZgTeHfA9Q=", true},  // openssl rand -base64 32
        {"Yy0p2uYhVtmVqRk2c7bQqJ8n4mXoL1sD5wZgTeHfA9Q", true},   // base64url without padding
        {"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
         true},  // openssl rand -hex 32
        {"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a0",
         false},                                                         // a digit short
        {"MFRGGZDFMZTWQ2LKNNWG23TPOBYXE43UOV3HO6DZPIYTEMZUGU3D", true},  // base32
        {"hunter2", false},
        {"correct horse battery staple", false},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false},
        {"Abcdefghijklm1Abcdefghijklm1Abcdefghijklm1Abcdefghijklm1", false},
        {"12345678901234567890123456789012345678901234567890", false},
        {"", false}};
    for (const Row& row : rows) {
      CAPTURE(row.password);
      CHECK(config::weakness(row.password).has_value() != row.strong);
    }
  }

  TEST_CASE(
      "the sentence on a weak password has the command that makes a strong one and not the "
      "password") {
    const auto sentence = config::weakness("hunter2");
    REQUIRE(sentence);
    CHECK(sentence->find("openssl rand -base64 32") != std::string::npos);
    CHECK(sentence->find("hunter2") == std::string::npos);
  }
}
