#include "relay/domains/spf/evaluator.hpp"

#include "tests/unit/spf/checks.hpp"

#include <doctest/doctest.h>

#include <string>

using policy::RecordType;
using policy::SpfResult;

namespace {

policy::SpfVerdict ses_authorised(spf_tests::Zone& zone, const std::string& domain) {
  boost::asio::io_context context;
  domains::SpfEvaluator evaluator(context.get_executor(), zone, [](domains::SpfCheckEnd) {});
  policy::SpfVerdict verdict;
  spf_tests::start(context, [&]() -> boost::asio::awaitable<void> {
    verdict = co_await evaluator.ses_authorised(domain);
  });
  context.run();
  return verdict;
}

}  // namespace

TEST_CASE("SES is authorised by its include, by its ranges, and by nothing else") {
  struct Row {
    std::string record;
    SpfResult result;
  };
  const Row rows[] = {
      {"v=spf1 include:amazonses.com ~all", SpfResult::pass},
      {"v=spf1 include:amazonses.com -all", SpfResult::pass},
      {"v=spf1 redirect=amazonses.com", SpfResult::pass},
      {"v=spf1 ip4:199.255.192.0/22 -all", SpfResult::pass},
      {"v=spf1 include:_spf.example.net ~all", SpfResult::softfail},
      {"v=spf1 mx -all", SpfResult::fail},
      {"v=spf1 -include:amazonses.com ~all", SpfResult::fail},
      {"v=spf1 include:amazonse.com -all", SpfResult::perm_error},
  };
  for (const Row& row : rows) {
    CAPTURE(row.record);
    spf_tests::Zone zone;
    zone.add("amazonses.com",
             RecordType::txt,
             "v=spf1 ip4:199.255.192.0/22 ip4:199.127.232.0/22 ip4:54.240.0.0/18 -all");
    zone.add("_spf.example.net", RecordType::txt, "v=spf1 ip4:198.51.100.0/24 -all");
    zone.add("example.org", RecordType::txt, row.record);
    CHECK(ses_authorised(zone, "example.org").result == row.result);
  }
}

TEST_CASE("where the ranges of SES cannot be had a well-known address stands for them") {
  spf_tests::Zone zone;
  zone.fail_otherwise("amazonses.com");
  zone.add("named.example.org", RecordType::txt, "v=spf1 ip4:54.240.0.0/18 -all");
  zone.add("included.example.org", RecordType::txt, "v=spf1 include:amazonses.com -all");
  CHECK(ses_authorised(zone, "named.example.org").result == SpfResult::pass);
  CHECK(ses_authorised(zone, "included.example.org").result == SpfResult::temp_error);
}
