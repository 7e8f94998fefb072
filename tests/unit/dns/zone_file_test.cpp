#include "policy/record_forms.hpp"

#include "relay/domains/dns/exchange.hpp"
#include "relay/domains/dns/name.hpp"
#include "scripted_server.hpp"
#include "servers.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

using policy::RecordType;
using policy::WantedRecord;

namespace {

WantedRecord record(const std::string& name, RecordType type, const std::string& value) {
  return {.name = name + ".example.test", .type = type, .value = value, .why = "Why; \"why\"."};
}

}  // namespace

TEST_CASE("a name server that has read the zone file answers with what is wanted") {
  const std::vector<WantedRecord> wanted{
      record("empty", RecordType::txt, ""),
      record("p1._domainkey", RecordType::txt, "v=DKIM1; k=rsa; p=" + std::string(392, 'A')),
      record("l255", RecordType::txt, std::string(255, 'a')),
      record("l256", RecordType::txt, std::string(256, 'b')),
      record("l900", RecordType::txt, std::string(510, 'c') + std::string(390, 'd')),
      record("quoted", RecordType::txt, R"(a "b" \c \" ; (d) @ $TTL \065)"),
      record("split", RecordType::txt, std::string(254, 'a') + "\"\\" + std::string(254, 'b')),
      record("cname", RecordType::cname, "token.dkim.amazonses.com"),
      record("mx", RecordType::mx, "10 feedback-smtp.eu-central-1.amazonses.com")};
  const config::Endpoint at{.address = address(1), .port = free_port()};
  const Nsd nsd(at, {{"example.test", "@ NS ns1\nns1 A 127.0.40.1\n" + policy::zone_file(wanted)}});
  boost::asio::io_context context;
  for (const WantedRecord& one : wanted) {
    CAPTURE(one.name);
    const auto answer =
        answer_of(context,
                  domains::exchange({boost::asio::ip::make_address(at.address), at.port},
                                    *domains::wire_question({one.name, one.type}),
                                    *domains::wire_name("example.test"),
                                    long_enough));
    REQUIRE(answer);
    REQUIRE(answer->records.size() == 1);
    CHECK(answer->records.front().text == one.value);
    CHECK(answer->ttl == one.ttl);
    CHECK(std::ranges::all_of(answer->records.front().strings,
                              [](const std::string& string) { return string.size() <= 255; }));
  }
}
