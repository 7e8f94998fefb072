// Validation, of a zone that was signed once until 2085 by a key that is gone.
#include "relay/domains/dns/unbound_resolver.hpp"

#include "scripted_server.hpp"
#include "servers.hpp"

#include <doctest/doctest.h>

#include <string>

using policy::DnsAnswer;
using policy::DnsOutcome;
using policy::RecordType;

namespace {

constexpr std::string_view key = R"(
@ DNSKEY 257 3 13 aM0TDh8EiwINUKBdzOeWWQQErdJTVdxKHh1kVnf3CgmKBW0GQ6EJCZoRAjoP9Kqvuv6JUHbxWODw4L5n5xFSEA==
)";

/// One record as it was signed, one changed since, one that never was.
constexpr std::string_view records = R"(
$TTL 300
@ RRSIG SOA 13 2 300 20850101000000 20200101000000 47099 @ IW9/2D5A1siK7GUN0D+LWSUc0K9VP29lzARysF7RFVmVHDnrfFGZ3q6QEYqnxHF6OdPj8RR3ve1Uzi6hxsj9dw==
@ NS ns
@ RRSIG NS 13 2 300 20850101000000 20200101000000 47099 @ zYX7MODTJCYUngx3IQGPJ2pVeZrp73P/QDVIMqU4bs0Dg5jczD2kJrf+PwSm7Po9m+20t9OxHaTSJMe+eXhRoA==
ns A 127.0.40.1
ns RRSIG A 13 3 300 20850101000000 20200101000000 47099 @ 5bYcmrAQmXsfAEi7SSG5HHcug7JtdsS+xMCkq6mBdAzfmDBKDEjjUMVKuqLp4CaU+8YSQaFiTNTrLFZBH6RVnA==
@ RRSIG DNSKEY 13 2 300 20850101000000 20200101000000 47099 @ H1ZJQ5vKVl/8T94d3qNgoX4KktbLsEl3x6R6x3TxBPcXdSAowmpACG3pupIFYD018Hp3JNeURqoc35+GjCoBuQ==
good TXT "as signed"
good RRSIG TXT 13 3 300 20850101000000 20200101000000 47099 @ 8fBFKUe99z/1zMY0ucCmu6K17MpyMHul1t0gJ1kW2xkAEWQsmGgB4zV6icBQhSNyko2Qo11bcH+KVslX1Zqq4g==
forged TXT "something else"
forged RRSIG TXT 13 3 300 20850101000000 20200101000000 47099 @ 6ts+Ir/Zr77qif5lOB8eii7CrO6+LrnmAXfGq5/F5yfJ8wPObjtvUrW0xJbvfnaqIMhIBS9I7Hd+Qis7iqRuyw==
unsigned TXT "never signed"
)";

struct Validating {
  config::Endpoint endpoint{.address = address(1), .port = free_port()};
  Nsd nsd{endpoint, {{"signed.test", std::string(key) + std::string(records)}}};
  TemporaryFolder folder;
  boost::asio::io_context context;

  DnsAnswer ask(const std::string& name, bool dnssec) {
    std::string anchor(key);
    anchor.replace(anchor.find('@'), 1, "signed.test. IN");
    const domains::UnboundOptions options{.servers = {endpoint},
                                          .timeout = std::chrono::seconds(20),
                                          .dnssec = dnssec,
                                          .trust_anchor = folder.write("anchor.key", anchor)};
    const auto resolver = domains::UnboundResolver::make(context.get_executor(), options).value();
    return answer_of(context, resolver->resolve({.name = name, .type = RecordType::txt}));
  }
};

}  // namespace

TEST_CASE("with dnssec a record as it was signed is found") {
  Validating validating;
  const DnsAnswer answer = validating.ask("good.signed.test", true);
  CHECK(answer.why.empty());
  REQUIRE(answer.records.size() == 1);
  CHECK(answer.records[0].text == "as signed");
}

TEST_CASE(
    "with dnssec a changed or unsigned record is a failure of DNS with its reason, without it is "
    "found") {
  Validating validating;
  for (const std::string name : {"forged.signed.test", "unsigned.signed.test"}) {
    CAPTURE(name);
    const DnsAnswer bogus = validating.ask(name, true);
    CHECK(bogus.outcome == DnsOutcome::failed);
    CHECK(bogus.records.empty());
    CHECK(bogus.why.starts_with("DNSSEC: validation failure"));
    CHECK(bogus.why.find(name) != std::string::npos);
    CHECK(validating.ask(name, false).outcome == DnsOutcome::found);
  }
}
