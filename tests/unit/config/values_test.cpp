#include "relay/config/values.hpp"

#include "relay/config/nearest.hpp"

#include <doctest/doctest.h>

#include <optional>

namespace {

struct Row {
  std::string text;
  std::optional<std::int64_t> value;
};

}  // namespace

TEST_SUITE("relay/config/values") {
  TEST_CASE("an integer has one spelling") {
    static const Row rows[] = {{"0", 0},
                               {"7", 7},
                               {"999999999999999999", 999999999999999999},
                               {"1000000000000000000", {}},
                               {"", {}},
                               {"07", {}},
                               {"+7", {}},
                               {"-7", {}},
                               {"0x7", {}},
                               {"7 ", {}},
                               {"1e3", {}},
                               {"1_000", {}}};
    for (const Row& row : rows) {
      CAPTURE(row.text);
      CHECK(config::parse_integer(row.text) == row.value);
    }
  }

  TEST_CASE("a size takes KiB, MiB and GiB, and cannot overflow") {
    static const Row rows[] = {{"0", 0},
                               {"10MiB", 10485760},
                               {"1GiB", 1073741824},
                               {"3KiB", 3072},
                               {"8589934591GiB", 9223372035781033984},
                               {"8589934592GiB", {}},
                               {"999999999999999999KiB", {}},
                               {"1MB", {}},
                               {"1 MiB", {}},
                               {"MiB", {}},
                               {"01MiB", {}},
                               {"1mib", {}}};
    for (const Row& row : rows) {
      CAPTURE(row.text);
      CHECK(config::parse_size(row.text) == row.value);
    }
  }

  TEST_CASE("a duration needs a unit, and cannot overflow") {
    static const Row rows[] = {{"0s", 0},
                               {"25s", 25},
                               {"10m", 600},
                               {"12h", 43200},
                               {"7d", 604800},
                               {"25", {}},
                               {"999999999999999999d", {}},
                               {"1.5h", {}},
                               {"1w", {}},
                               {"s", {}},
                               {"-1s", {}}};
    for (const Row& row : rows) {
      CAPTURE(row.text);
      CHECK(config::parse_duration(row.text) == row.value);
    }
  }

  TEST_CASE("sizes and durations are written as they are read") {
    for (const std::int64_t octets : {0LL, 1LL, 1023LL, 1024LL, 1536LL, 10485760LL, 1LL << 40}) {
      CAPTURE(octets);
      CHECK(config::parse_size(config::size_text(octets)) == octets);
    }
    for (const std::int64_t seconds : {0, 1, 59, 60, 90, 3600, 86400, 86401}) {
      CAPTURE(seconds);
      CHECK(config::parse_duration(config::duration_text(seconds)) == seconds);
    }
  }

  TEST_CASE("a rate is a positive decimal number") {
    CHECK(config::parse_rate("14") == doctest::Approx(14));
    CHECK(config::parse_rate("0.25") == doctest::Approx(0.25));
    for (const std::string text :
         {"0", "0.0", "-1", "1.", ".5", "1e3", "nan", "inf", "1000001", "01", "1.2.3", ""}) {
      CAPTURE(text);
      CHECK_FALSE(config::parse_rate(text).has_value());
    }
  }

  TEST_CASE("a ratio is a decimal number between 0 and 1, and exactly that") {
    CHECK(config::parse_ratio("0.0005") == 0.0005);
    CHECK(config::parse_ratio("0.999999") == 0.999999);
    for (const std::string text : {"0",
                                   "0.0",
                                   "1",
                                   "1.0",
                                   "5",
                                   "-0.1",
                                   ".5",
                                   "0.",
                                   "5e-4",
                                   "5%",
                                   "0.0000001",
                                   "0x0.1",
                                   ""}) {
      CAPTURE(text);
      CHECK_FALSE(config::parse_ratio(text).has_value());
    }
  }

  TEST_CASE("an endpoint is a literal address and a port") {
    struct Good {
      std::string text;
      std::string address;
      std::uint16_t port;
    };
    static const Good good[] = {
        {"127.0.0.1:2525", "127.0.0.1", 2525}, {"[::1]:0", "::1", 0}, {"[::]:65535", "::", 65535}};
    for (const Good& row : good) {
      CAPTURE(row.text);
      const auto endpoint = config::parse_endpoint(row.text);
      REQUIRE(endpoint.has_value());
      CHECK(endpoint->address == row.address);
      CHECK(endpoint->port == row.port);
    }
    for (const std::string text : {"",
                                   ":",
                                   "127.0.0.1",
                                   "127.0.0.1:",
                                   "127.0.0.1:65536",
                                   "127.0.0.1:025",
                                   "::1:25",
                                   "[127.0.0.1]:25",
                                   "[::1]",
                                   "localhost:25",
                                   "[::1]x:25",
                                   "127.1:25"}) {
      CAPTURE(text);
      CHECK_FALSE(config::parse_endpoint(text).has_value());
    }
  }

  TEST_CASE("a network has no host bits") {
    struct Good {
      std::string text;
      std::string network;
    };
    static const Good good[] = {{"10.0.0.0/8", "10.0.0.0/8"},
                                {"10.1.2.3", "10.1.2.3/32"},
                                {"::1", "::1/128"},
                                {"0.0.0.0/0", "0.0.0.0/0"},
                                {"2001:db8::/32", "2001:db8::/32"}};
    for (const Good& row : good) {
      CAPTURE(row.text);
      const auto network = config::parse_network(row.text);
      REQUIRE(network.has_value());
      CHECK(*network == row.network);
    }
    for (const std::string text : {"",
                                   "/8",
                                   "10.0.0.1/8",
                                   "10.0.0.0/33",
                                   "10.0.0.0/",
                                   "10.0.0.0/08",
                                   "::1/127",
                                   "::/129",
                                   "ten"}) {
      CAPTURE(text);
      CHECK_FALSE(config::parse_network(text).has_value());
    }
  }

  TEST_CASE("loopback is 127.0.0.0/8 and ::1 alone") {
    for (const std::string address : {"127.0.0.1", "127.9.9.9", "::1", "0:0:0:0:0:0:0:1"})
      CHECK(config::is_loopback(address));
    for (const std::string address :
         {"0.0.0.0", "10.0.0.1", "::", "::2", "::ffff:127.0.0.1", "localhost", ""})
      CHECK_FALSE(config::is_loopback(address));
  }

  TEST_CASE("an app name fits an AUTH user name and an SES tag") {
    for (const std::string& name :
         {std::string("a"), std::string("9"), std::string("shop-2"), std::string(63, 'a')})
      CHECK(config::is_app_name(name));
    for (const std::string& name : {std::string(),
                                    std::string("-a"),
                                    std::string("Shop"),
                                    std::string("a_b"),
                                    std::string("a.b"),
                                    std::string(64, 'a')})
      CHECK_FALSE(config::is_app_name(name));
  }

  TEST_CASE("a region has the form of AWS's names") {
    for (const std::string region : {"eu-central-1", "us-gov-west-1", "cn-north-1"})
      CHECK(config::is_region(region));
    for (const std::string region : {"",
                                     "eu",
                                     "Frankfurt",
                                     "eu-central",
                                     "eu-central-x",
                                     "eu central-1",
                                     "-1",
                                     "eu-central-1.evil.example"}) {
      CAPTURE(region);
      CHECK_FALSE(config::is_region(region));
    }
  }

  TEST_CASE("the edit distance counts insertions, removals, replacements and swaps") {
    CHECK(config::edit_distance("drain", "drain") == 0);
    CHECK(config::edit_distance("drian", "drain") == 1);
    CHECK(config::edit_distance("", "log") == 3);
    CHECK(config::edit_distance("kitten", "sitting") == 3);
  }

  TEST_CASE("the nearest name is the one that a slip can have meant, or none") {
    const std::string names[] = {"threads", "drain", "hostname"};
    CHECK(config::nearest("thread", names) == "threads");
    CHECK(config::nearest("hostnam", names) == "hostname");
    CHECK(config::nearest("colour", names).empty());
    CHECK(config::nearest(std::string(100000, 'x'), names).empty());
  }
}
