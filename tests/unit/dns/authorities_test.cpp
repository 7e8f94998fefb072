// The question past every cache: nsd at some addresses, worse servers at others.
#include "relay/domains/dns/authorities.hpp"

#include "relay/domains/dns/unbound_resolver.hpp"
#include "scripted_server.hpp"
#include "servers.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using domains::UnboundResolver;
using packet::Octets;
using policy::DnsAnswer;
using policy::DnsOutcome;
using policy::RecordType;
using Over = ScriptedServer::Over;
using Replies = std::vector<Octets>;

namespace {

constexpr int first = 1, second = 2, resolver_at = 3, scripted = 4, nobody = 5;

/// A zone whose servers have the addresses 127.0.40.N.
std::string served_by(const std::vector<int>& servers) {
  std::string records;
  for (const int server : servers) {
    const std::string name = "ns" + std::to_string(server);
    records += "@ NS " + name + "\n" + name + " A " + address(server) + "\n";
  }
  return records;
}

Zones zones() {
  std::string many;
  for (int i = 0; i < 10; ++i)
    many += "@ NS s" + std::to_string(i) + "\ns" + std::to_string(i) + " A 127.0.41." +
            std::to_string(i) + "\n";
  return {{"one.test",
           served_by({first}) + "p._domainkey TXT \"key\"\nbig TXT " + std::string(7, ' ') +
               [] {
                 std::string strings;
                 for (int i = 0; i < 10; ++i) strings += " \"" + std::string(250, 'x') + "\"";
                 return strings;
               }() +
               "\nin CNAME p._domainkey\nout CNAME p._domainkey.other.test.\nlost CNAME gone\n"
               "astray CNAME p.unserved.test.\n"},
          {"other.test", served_by({second}) + "p._domainkey 40 TXT \"the other's key\"\n"},
          {"both.test", served_by({first, second}) + "a TXT \"first\"\n"},
          {"part.test", served_by({first, nobody, scripted}) + "a TXT \"first\"\n"},
          {"bad.test", served_by({scripted})},
          {"lame.test", served_by({second})},
          {"homeless.test", "@ NS ns.unserved.test.\n"},
          {"many.test", many},
          {"loop1.test", served_by({first}) + "a CNAME a.loop2.test.\n"},
          {"loop2.test", served_by({first}) + "a CNAME a.loop1.test.\n"}};
}

/// What the second server holds: its own copy of both.test, and nothing of lame.test.
Zones second_zones() {
  Zones all = zones();
  return {{"other.test", all["other.test"]},
          {"both.test", served_by({first, second}) + "a TXT \"second\"\n"}};
}

std::vector<std::string> outcomes(const std::vector<DnsAnswer>& answers) {
  std::vector<std::string> shown;
  for (const DnsAnswer& answer : answers) {
    std::string text = answer.why;
    for (const policy::DnsRecord& record : answer.records) text += record.text;
    if (answer.outcome == DnsOutcome::no_data) text = "no data";
    if (answer.outcome == DnsOutcome::no_name) text = "no name";
    shown.push_back(text);
  }
  std::ranges::sort(shown);
  return shown;
}

using Shown = std::vector<std::string>;

struct Asking {
  std::uint16_t port = free_port();
  Nsd nsd{{.address = address(first), .port = port}, zones()};
  Nsd other{{.address = address(second), .port = port}, second_zones()};
  Unbound unbound{{.address = address(resolver_at), .port = port},
                  {.address = address(first), .port = port}};
  boost::asio::io_context context;
  ScriptedServer server{context, silence(), address(scripted), port};
  domains::UnboundOptions options{.servers = {{.address = address(resolver_at), .port = port}},
                                  .timeout = 10s,
                                  .private_servers = true,
                                  .authority_port = port};
  std::unique_ptr<UnboundResolver> resolver;

  std::vector<DnsAnswer> ask(const std::string& name, RecordType type = RecordType::txt) {
    resolver = UnboundResolver::make(context.get_executor(), options).value();
    return answer_of(context, resolver->ask_authorities({.name = name, .type = type}));
  }
};

}  // namespace

TEST_CASE("the zone is found from the name upwards, and its own server says what there is") {
  struct Row {
    std::string name;
    RecordType type;
    Shown shown;
  };
  const Row rows[] = {
      {"p._domainkey.one.test", RecordType::txt, {"key"}},
      {"one.test", RecordType::ns, {"ns1.one.test"}},
      {"in.one.test", RecordType::cname, {"p._domainkey.one.test"}},
      {"big.one.test", RecordType::txt, {std::string(2500, 'x')}},
      {"p._domainkey.one.test", RecordType::mx, {"no data"}},
      {"_domainkey.one.test", RecordType::txt, {"no data"}},
      {"a.b.c.d.one.test", RecordType::txt, {"no name"}},
      {"lost.one.test", RecordType::txt, {"no name"}},
      {"a.unserved.test", RecordType::txt, {}},
      {"a.homeless.test", RecordType::txt, {}},
      {"test", RecordType::txt, {}},
      {"not..a-name.test", RecordType::txt, {}},
      {"1.2.3.4.5.6.7.8.9.10.one.test", RecordType::txt, {}},
  };
  Asking asking;
  for (const Row& row : rows) {
    CAPTURE(row.name);
    CHECK(outcomes(asking.ask(row.name, row.type)) == row.shown);
  }
}

TEST_CASE("servers that differ are told apart") {
  Asking asking;
  CHECK(outcomes(asking.ask("a.both.test")) == Shown{"first", "second"});
}

TEST_CASE("a CNAME is followed to the servers of the zone it leads to") {
  Asking asking;
  const auto inside = asking.ask("in.one.test");
  CHECK(outcomes(inside) == Shown{"key"});
  CHECK(inside[0].canonical_name == "p._domainkey.one.test");
  const auto outside = asking.ask("out.one.test");
  CHECK(outcomes(outside) == Shown{"the other's key"});
  CHECK(outside[0].canonical_name == "p._domainkey.other.test");
  CHECK(outside[0].ttl == 40);
  CHECK(outcomes(asking.ask("astray.one.test")) ==
        Shown{"the CNAME leads to p.unserved.test, whose servers cannot be found"});
  CHECK(outcomes(asking.ask("a.loop1.test")) == Shown{"the CNAMEs lead on and on"});
}

TEST_CASE("a server that does not serve the zone is lame, whatever it says") {
  Asking asking;
  CHECK(outcomes(asking.ask("a.lame.test")) == Shown{"REFUSED"});
  asking.server.become(
      saying({packet::record(packet::name("a.bad.test"), 16, packet::strings({"stale"}))},
             packet::response));
  CHECK(outcomes(asking.ask("a.bad.test")) ==
        Shown{"lame: the server does not answer for the zone with authority"});
}

TEST_CASE("dead and silent servers cost the timeout at most, all at the same time") {
  Asking asking;
  asking.options.timeout = 600ms;
  const auto began = std::chrono::steady_clock::now();
  CHECK(outcomes(asking.ask("a.part.test")) ==
        Shown{"Connection refused", "first", "no answer in 600 ms"});
  CHECK(std::chrono::steady_clock::now() - began < 600ms + 3s);
  CHECK(asking.server.queries().size() == 3);
}

TEST_CASE("only the reply to the query counts, over UDP") {
  Asking asking;
  asking.server.become([](const Octets& query, Over) {
    const Octets good =
        packet::reply(query,
                      packet::authoritative,
                      {packet::record(packet::name("a.bad.test"), 16, packet::strings({"good"}))});
    const Octets forged = packet::reply(
        query,
        packet::authoritative,
        {packet::record(packet::name("a.bad.test"), 16, packet::strings({"forged"}))});
    Octets other_id = forged;
    other_id[1] = static_cast<std::uint8_t>(other_id[1] ^ 1U);
    Octets other_name = forged;
    other_name[13] = 'b';
    return Replies{Octets{}, Octets(40, 0xC0), other_id, other_name, query, good};
  });
  CHECK(outcomes(asking.ask("a.bad.test")) == Shown{"good"});
}

TEST_CASE("what UDP truncates is fetched over TCP, where a wrong reply is the answer") {
  struct Row {
    std::string what;
    std::function<Replies(Octets reply)> over_tcp;
    std::string shown;
  };
  const Row rows[] = {
      {"right", [](Octets reply) { return Replies{std::move(reply)}; }, "good"},
      {"another id",
       [](Octets reply) {
         reply[0] = static_cast<std::uint8_t>(reply[0] ^ 1U);
         return Replies{reply};
       },
       "the answer over TCP is malformed"},
      {"truncated again",
       [](Octets reply) {
         reply[2] = static_cast<std::uint8_t>(reply[2] | 2U);
         return Replies{reply};
       },
       "the answer over TCP is malformed"},
      {"cut",
       [](Octets reply) {
         reply.pop_back();
         return Replies{reply};
       },
       "the answer over TCP is malformed"},
      {"nothing at all",
       [](const Octets&) { return Replies{Octets{}}; },
       "the answer over TCP is malformed"},
  };
  Asking asking;
  for (const Row& row : rows) {
    CAPTURE(row.what);
    asking.server.become([&row](const Octets& query, Over over) {
      if (over == Over::udp) return Replies{packet::reply(query, packet::truncated)};
      return row.over_tcp(packet::reply(
          query,
          packet::authoritative,
          {packet::record(packet::name("a.bad.test"), 16, packet::strings({"good"}))}));
    });
    CHECK(outcomes(asking.ask("a.bad.test")) == Shown{row.shown});
  }
  asking.options.timeout = 600ms;
  asking.server.become([](const Octets& query, Over over) {
    return over == Over::udp ? Replies{packet::reply(query, packet::truncated)} : Replies{};
  });
  CHECK(outcomes(asking.ask("a.bad.test")) == Shown{"no answer in 600 ms"});
}

TEST_CASE("a zone cannot send the relay to addresses that are not public, unless that is allowed") {
  Asking asking;
  asking.options.private_servers = false;
  CHECK(outcomes(asking.ask("a.bad.test")) == Shown{"its address 127.0.40.4 is not a public one"});
  CHECK(asking.server.queries().empty());
}

TEST_CASE("at most eight addresses are asked") {
  Asking asking;
  asking.options.private_servers = false;
  CHECK(asking.ask("a.many.test").size() == domains::most_server_addresses);
}

TEST_CASE("a resolver that goes while its authorities are asked leaves nothing behind") {
  Asking asking;
  asking.options.timeout = 600ms;
  asking.resolver = UnboundResolver::make(asking.context.get_executor(), asking.options).value();
  std::optional<std::vector<DnsAnswer>> answers;
  begin(asking.context,
        asking.resolver->ask_authorities({.name = "a.bad.test", .type = RecordType::txt}),
        answers);
  run_until(asking.context, [&asking] { return !asking.server.queries().empty(); });
  asking.resolver.reset();
  run_until(asking.context, [&answers] { return answers.has_value(); });
  CHECK(outcomes(*answers) == Shown{"no answer in 600 ms"});
}
