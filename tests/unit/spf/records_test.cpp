#include "relay/domains/spf/records.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <string>

using domains::spf::first_ip4_host;
using domains::spf::select_record;

TEST_CASE("the first host address of the first ip4 range is found") {
  struct Row {
    std::string record;
    std::optional<std::string> host;
  };
  const Row rows[] = {
      {"v=spf1 ip4:199.255.192.0/22 -all", "199.255.192.1"},
      {"v=spf1 ip4:199.255.195.77/22 -all", "199.255.192.1"},
      {"v=spf1 mx +IP4:192.0.2.7 ip4:192.0.2.8", "192.0.2.7"},
      {"v=spf1 ip4:192.0.2.8/31", "192.0.2.8"},
      {"v=spf1 ip4:192.0.2.8/32", "192.0.2.8"},
      {"v=spf1 ip4:192.0.2.8/30", "192.0.2.9"},
      {"v=spf1 ip4:192.0.2.8/0", "0.0.0.1"},
      {"v=spf1 ip4:192.0.2.8/33 ip4:192.0.2.9", "192.0.2.9"},
      {"v=spf1 ip4:192.0.2 -all", std::nullopt},
      {"v=spf1 ip4:192.0.2.256 -all", std::nullopt},
      {"v=spf1 ip4:192.0.2.1x -all", std::nullopt},
      {"v=spf1 ip4:192.0.2.1/ -all", std::nullopt},
      {"v=spf1 -ip4:192.0.2.1 -all", std::nullopt},
      {"v=spf1 ip4:", std::nullopt},
      {"", std::nullopt},
  };
  for (const Row& row : rows) {
    CAPTURE(row.record);
    CHECK(first_ip4_host(row.record) == row.host);
  }
}

TEST_CASE("the SPF records of an answer are counted, and others are not") {
  policy::DnsAnswer answer;
  CHECK(select_record(answer).count == 0);
  for (const std::string text :
       {"v=spf10 -all", "v=spf1", "v=DKIM1", " v=spf1 -all", "v=spf1\t-all"})
    answer.records.emplace_back().text = text;
  CHECK(select_record(answer).count == 1);
  CHECK(select_record(answer).record == "v=spf1");
  answer.records.emplace_back().text = "V=sPf1 \x01";
  CHECK(select_record(answer).count == 2);
  CHECK(!select_record(answer).is_ascii);
}
