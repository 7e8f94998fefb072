#include "relay/domains/dns/unbound_resolver.hpp"

#include "scripted_server.hpp"
#include "servers.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using domains::UnboundOptions;
using domains::UnboundResolver;
using policy::DnsAnswer;
using policy::DnsOutcome;
using policy::RecordType;

namespace {

std::string many_strings() {
  std::string record = "ten TXT";
  for (int i = 0; i < 10; ++i) record += " \"" + std::to_string(i) + std::string(200, 'x') + "\"";
  return record + "\n";
}

std::string many_records(int count) {
  std::string records;
  for (int i = 0; i < count; ++i) records += "many TXT \"record " + std::to_string(i) + "\"\n";
  return records;
}

Zones zones() {
  return {
      {"example.test",
       "@ NS ns1\n@ MX 10 Mail\n@ MX 20 mail.elsewhere.test.\nns1 A 127.0.40.1\nmail A 192.0.2.1\n"
       "mail AAAA 2001:db8::1\nquick 30 TXT \"soon over\"\n"
       "odd TXT \"a\\000b\\255\" \"\\\"q\\\"\"\nodd PTR a\\.b\\007c.example.test.\n"
       "c1 CNAME c2\nc2 CNAME c3\nc3 CNAME c4\nc4 CNAME c5\nc5 CNAME mail\n"
       "lost CNAME nowhere\nround CNAME about\nabout CNAME round\naway CNAME "
       "Mail.Elsewhere.test.\n" +
           many_strings() + many_records(101)},
      {"elsewhere.test", "@ NS ns1.example.test.\nmail A 192.0.2.9\n"},
      {"2.0.192.in-addr.arpa", "@ NS ns1.example.test.\n1 PTR Mail.Example.test.\n"}};
}

/// The relay's resolver, behind it unbound, behind that nsd.
struct Resolving {
  std::uint16_t port = free_port();
  Nsd nsd{{.address = address(1), .port = port}, zones()};
  Unbound unbound{{.address = address(2), .port = port}, {.address = address(1), .port = port}};
  boost::asio::io_context context;
  std::unique_ptr<UnboundResolver> resolver =
      UnboundResolver::make(context.get_executor(),
                            {.servers = {{.address = address(2), .port = port}}})
          .value();

  DnsAnswer ask(const std::string& name, RecordType type) {
    return answer_of(context, resolver->resolve({.name = name, .type = type}));
  }
};

std::vector<std::string> texts(const DnsAnswer& answer) {
  std::vector<std::string> texts;
  for (const policy::DnsRecord& record : answer.records) texts.push_back(record.text);
  std::ranges::sort(texts);
  return texts;
}

}  // namespace

TEST_CASE("every outcome of a real zone behind a real resolver") {
  struct Row {
    std::string name;
    RecordType type;
    DnsOutcome outcome;
    std::vector<std::string> texts;
    std::string canonical_name = {};
  };
  using enum DnsOutcome;
  const Row rows[] = {
      {"mail.example.test", RecordType::a, found, {"192.0.2.1"}},
      {"MAIL.example.test", RecordType::a, found, {"192.0.2.1"}},
      {"mail.example.test", RecordType::aaaa, found, {"2001:db8::1"}},
      {"example.test", RecordType::mx, found, {"10 mail.example.test", "20 mail.elsewhere.test"}},
      {"example.test", RecordType::ns, found, {"ns1.example.test"}},
      {"1.2.0.192.in-addr.arpa", RecordType::ptr, found, {"mail.example.test"}},
      {"away.example.test", RecordType::cname, found, {"mail.elsewhere.test"}},
      {"away.example.test", RecordType::a, found, {"192.0.2.9"}, "mail.elsewhere.test"},
      {"c1.example.test", RecordType::a, found, {"192.0.2.1"}, "mail.example.test"},
      {"c1.example.test", RecordType::txt, no_data, {}, "mail.example.test"},
      {"lost.example.test", RecordType::txt, no_name, {}, "nowhere.example.test"},
      {"mail.example.test", RecordType::txt, no_data, {}},
      {"mail.example.test", RecordType::cname, no_data, {}},
      {"nowhere.example.test", RecordType::txt, no_name, {}},
      {"round.example.test", RecordType::txt, failed, {}},
      {"unserved.test", RecordType::txt, failed, {}},
      {"odd.example.test", RecordType::ptr, found, {"a\\.b\\007c.example.test"}},
      {"not..a-name.test", RecordType::a, no_name, {}},
      {std::string(64, 'a') + ".test", RecordType::a, no_name, {}},
  };
  Resolving resolving;
  for (const Row& row : rows) {
    CAPTURE(row.name);
    const DnsAnswer answer = resolving.ask(row.name, row.type);
    CAPTURE(answer.why);
    CHECK(answer.outcome == row.outcome);
    CHECK(texts(answer) == row.texts);
    CHECK(answer.canonical_name == row.canonical_name);
    CHECK(answer.why.empty() == (row.outcome != failed));
  }
}

TEST_CASE("a TXT record arrives string by string, larger ones over TCP") {
  Resolving resolving;
  const DnsAnswer ten = resolving.ask("ten.example.test", RecordType::txt);
  REQUIRE(ten.records.size() == 1);
  REQUIRE(ten.records[0].strings.size() == 10);
  for (int i = 0; i < 10; ++i)
    CHECK(ten.records[0].strings[static_cast<std::size_t>(i)] ==
          std::to_string(i) + std::string(200, 'x'));
  const DnsAnswer odd = resolving.ask("odd.example.test", RecordType::txt);
  REQUIRE(odd.records.size() == 1);
  CHECK(odd.records[0].text == std::string("a\0b\xff\"q\"", 7));
  CHECK(resolving.ask("many.example.test", RecordType::txt).why ==
        "the answer is larger than 100 records");
}

TEST_CASE("the TTL is what is left of it") {
  Resolving resolving;
  const auto quick = resolving.ask("quick.example.test", RecordType::txt).ttl;
  CHECK(quick <= 30);
  CHECK(quick > 0);
  const auto negative = resolving.ask("nowhere.example.test", RecordType::txt).ttl;
  CHECK(negative <= 60);
  CHECK(negative > 0);
}

TEST_CASE("without servers those of resolv.conf are asked, what is no address left out") {
  boost::asio::io_context context;
  const auto records = {packet::record(packet::name("a.test"), 1, {192, 0, 2, 7})};
  std::unique_ptr<ScriptedServer> server;
  try {
    server = std::make_unique<ScriptedServer>(context, saying(records), address(17), 53);
  } catch (const boost::system::system_error&) {
    MESSAGE("not run: port 53 cannot be bound, which resolv.conf means");
    return;
  }
  const TemporaryFolder folder;
  const auto resolv_conf = folder.write(
      "resolv.conf",
      "# nameserver 192.0.2.1\nnameserver\nnameserver elsewhere\nsearch test\nnameserver\t" +
          address(17) + "\n");
  const auto resolver =
      UnboundResolver::make(context.get_executor(), {.resolv_conf = resolv_conf}).value();
  CHECK(texts(answer_of(context, resolver->resolve({.name = "a.test", .type = RecordType::a}))) ==
        std::vector<std::string>{"192.0.2.7"});
}

TEST_CASE("what libunbound cannot use is a failure at once that says what to change") {
  boost::asio::io_context context;
  const TemporaryFolder folder;
  const auto trouble = [&context](const UnboundOptions& options) {
    const auto made = UnboundResolver::make(context.get_executor(), options);
    return made ? std::string() : made.error().sentence();
  };
  CHECK(trouble({}).empty());
  CHECK(trouble({.servers = {{.address = "localhost", .port = 53}}})
            .find("the server localhost@53") != std::string::npos);
  const auto missing = folder.path() / "root.key";
  CHECK(trouble({.dnssec = true, .trust_anchor = missing}) ==
        "dns.dnssec is on and " + missing.string() +
            " cannot be read: install the package dns-root-data, or set dns.dnssec: off.");
  const auto broken = folder.write("broken.key", "no anchor at all\n");
  CHECK(trouble({.dnssec = true, .trust_anchor = broken})
            .find("the trust anchor " + broken.string()) != std::string::npos);
}
