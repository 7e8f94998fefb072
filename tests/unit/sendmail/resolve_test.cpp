#include "relay/sendmail/resolve.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using Addresses = std::vector<std::string>;

TEST_SUITE("the relay's addresses") {
  TEST_CASE("a literal address is itself") {
    CHECK(sendmail::resolve("127.0.0.1").value() == Addresses{"127.0.0.1"});
    CHECK(sendmail::resolve("::1").value() == Addresses{"::1"});
  }

  TEST_CASE("a hosts file is read in any spelling of a name, comments and rubbish left out") {
    const std::string hosts =
        "# a comment with relay\n"
        "10.0.0.5\trelay.example.com relay # 10.0.0.6 other\n"
        "fd00::5 RELAY\n"
        "rubbish relay\n"
        "\n"
        "10.0.0.7\n";
    CHECK(sendmail::in_hosts_file(hosts, "relay") == Addresses{"10.0.0.5", "fd00::5"});
    CHECK(sendmail::in_hosts_file(hosts, "relay.example.com") == Addresses{"10.0.0.5"});
    CHECK(sendmail::in_hosts_file(hosts, "other").empty());
    CHECK(sendmail::in_hosts_file(hosts, "10.0.0.7").empty());
  }

  TEST_CASE("localhost needs no file, and a file with many addresses gives eight") {
    CHECK(sendmail::in_hosts_file("", "localhost") == Addresses{"127.0.0.1", "::1"});
    std::string hosts;
    for (int i = 0; i < 9; ++i) hosts += "10.0.0." + std::to_string(i) + " relay\n";
    CHECK(sendmail::in_hosts_file(hosts, "relay").size() == 8);
  }
}
