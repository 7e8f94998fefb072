#include "relay/cli/smtp_password.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <string>

TEST_SUITE("relay/cli/smtp_password") {
  TEST_CASE("the password is what SES expects of a secret access key in its region") {
    struct Row {
      std::string region;
      std::string key;
      std::string password;
    };
    static const Row rows[] = {
        {"eu-central-1", "some+secret+key", "BMXhUYlu5Z3gSXVQORxlVa7XPaz91aGWdfHxvkOZdWZ2"},
        {"eu-central-1", "another+secret+key", "BBbphbrQmrKMx42d1N6+C7VINYEBGI5v9VsZeTxwskfh"},
        {"us-west-1", "some+secret+key", "BH+jbMzper5WwlwUar9E1ySBqHa9whi0GPo+sJ0mVYJj"},
        {"us-west-1", "another+secret+key", "BKVmjjMDFk/qqw8EROW99bjCS65PF8WKvK5bSr4Y6EqF"},
        {"us-west-2",
         "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
         "BF2PynzbSCAjX08zhZZnP/kW+T9P5zs/1Er0pi5vTEmd"},
        {"us-east-1",
         "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
         "BLBM/9hSUELfq8Gw+rU1YcBjkOxGbhT2XG763xVLGWL9"},
        {"eu-west-1",
         "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
         "BMW5RDrXmmVs0lV7GpI4oLkHXpZ4stDsk6q91z1g38Pk"},
    };
    for (const Row& row : rows) {
      CAPTURE(row.region);
      CAPTURE(row.key);
      CHECK(cli::smtp_password(row.key, row.region) == row.password);
    }
  }

  TEST_CASE(
      "a pasted key loses the white space around it, and what is no secret access key is refused") {
    struct Row {
      std::string line;
      std::optional<std::string> key;  ///< none: refused
    };
    static const Row rows[] = {{"some+secret+key", "some+secret+key"},
                               {"  some+secret+key\r", "some+secret+key"},
                               {"", std::nullopt},
                               {" \t", std::nullopt},
                               {"two words", std::nullopt},
                               {"AKIAIOSFODNN7EXAMPLE", std::nullopt},
                               {"ASIAIOSFODNN7EXAMPLE", std::nullopt}};
    for (const Row& row : rows) {
      CAPTURE(row.line);
      const auto key = cli::read_secret_access_key(row.line);
      REQUIRE(key.has_value() == row.key.has_value());
      if (key) CHECK(*key == row.key);
    }
  }
}
