#include "policy/timestamp.hpp"

#include <doctest/doctest.h>

#include <chrono>

namespace {

std::int64_t milliseconds(std::string_view text) {
  const auto moment = policy::parse_timestamp(text);
  if (!moment) return -1;
  return moment->time_since_epoch() / std::chrono::milliseconds(1);
}

}  // namespace

TEST_CASE("each form in which SES writes a moment is read to the millisecond") {
  struct Row {
    std::string_view text;
    std::int64_t expected;
  };
  const Row rows[] = {
      {"2016-01-27T14:59:38.237Z", 1453906778237},
      {"2022-04-01T21:24:49.000Z", 1648848289000},
      {"2018-10-08T14:05:45 +0000", 1539007545000},
      {"2009-12-03T04:24:21.000-05:00", 1259832261000},
      {"2026-09-14T09:30:19Z", 1789378219000},
      {"2026-09-14T09:30:19.4Z", 1789378219400},
      {"2026-09-14T09:30:19.48Z", 1789378219480},
      {"2026-09-14T09:30:19.482999999Z", 1789378219482},
      {"2026-09-14T11:30:19.482+0200", 1789378219482},
      {"2024-02-29T23:59:60Z", 1709251200000},
      {"2000-01-01T00:00:00Z", 946684800000},
      {"2099-12-31T23:59:59Z", 4102444799000},
  };
  for (const auto& row : rows) {
    CAPTURE(row.text);
    CHECK(milliseconds(row.text) == row.expected);
  }
}

TEST_CASE("what is no moment is not read as one") {
  const std::string_view rows[] = {"",
                                   "Z",
                                   "2026-09-14",
                                   "2026-09-14T09:30:19",
                                   "2026-09-14 09:30:19Z",
                                   "2026-02-29T09:30:19Z",
                                   "2026-13-14T09:30:19Z",
                                   "2026-00-14T09:30:19Z",
                                   "2026-09-00T09:30:19Z",
                                   "2026-09-31T09:30:19Z",
                                   "2026-09-14T24:30:19Z",
                                   "2026-09-14T09:60:19Z",
                                   "2026-09-14T09:30:61Z",
                                   "2026-09-14T09:30:19.Z",
                                   "2026-09-14T09:30:19.4x2Z",
                                   "2026-09-14T09:30:19ZZ",
                                   "2026-09-14T09:30:19Z\n",
                                   " 2026-09-14T09:30:19Z",
                                   "2026-09-14T09:30:19+2:00",
                                   "2026-09-14T09:30:19*0200",
                                   "1999-12-31T23:59:59Z",
                                   "2100-01-01T00:00:00Z",
                                   "-026-09-14T09:30:19Z",
                                   "2026-9-14T09:30:19Z",
                                   "99999999999999999999-09-14T09:30:19Z"};
  for (const std::string_view row : rows) {
    CAPTURE(row);
    CHECK_FALSE(policy::parse_timestamp(row));
  }
}
