#include "relay/domains/dns/message.hpp"

#include "packet.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

using namespace domains;
using namespace packet;
using policy::DnsAnswer;
using policy::DnsOutcome;
using policy::RecordType;

namespace {

constexpr std::uint16_t a = 1, ns = 2, cname = 5, ptr = 12, mx = 15, txt = 16, aaaa = 28;

WireQuestion asking(const std::string& text, RecordType type) {
  return wire_question({.name = text, .type = type}).value();
}

/// What is read of a reply to a question about a.test.
std::optional<Reply> read(RecordType type,
                          std::uint16_t number,
                          const std::vector<Octets>& answers,
                          std::uint16_t flags = authoritative) {
  return read_reply(message(7, flags, question("a.test", number), answers), asking("a.test", type));
}

DnsAnswer answer_to(RecordType type, std::uint16_t number, const std::vector<Octets>& answers) {
  const auto reply = read(type, number, answers);
  REQUIRE(reply);
  return reply->answer;
}

Octets alias(const std::string& from, const std::string& to) {
  return record(name(from), cname, name(to));
}

}  // namespace

TEST_CASE("each type of record is rendered as its contract says") {
  struct Row {
    RecordType type;
    std::uint16_t number;
    Octets rdata;
    std::string text;
  };
  const Row rows[] = {
      {RecordType::a, a, {192, 0, 2, 1}, "192.0.2.1"},
      {RecordType::aaaa,
       aaaa,
       {0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5},
       "2001:db8::5"},
      {RecordType::txt, txt, strings({"v=spf1 ", "-all"}), "v=spf1 -all"},
      {RecordType::txt, txt, strings({""}), ""},
      {RecordType::mx, mx, number16(10) + name("Host.Example"), "10 host.example"},
      {RecordType::mx, mx, number16(0) + Octets{0}, "0 ."},
      {RecordType::ns, ns, name("NS1.example"), "ns1.example"},
      {RecordType::ptr, ptr, name("host.example"), "host.example"},
      {RecordType::cname, cname, name("target.example"), "target.example"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const DnsAnswer answer =
        answer_to(row.type, row.number, {record(name("a.test"), row.number, row.rdata)});
    CHECK(answer.outcome == DnsOutcome::found);
    REQUIRE(answer.records.size() == 1);
    CHECK(answer.records[0].text == row.text);
    CHECK(answer.ttl == 300);
    CHECK(answer.canonical_name.empty());
  }
}

TEST_CASE("TXT strings are kept as published, whatever octets they hold") {
  const std::vector<std::string> published{
      std::string(255, 'a'), std::string("\0\xff\n", 3), "", "z"};
  const auto answer =
      answer_to(RecordType::txt, txt, {record(name("a.test"), txt, strings(published))});
  REQUIRE(answer.records.size() == 1);
  CHECK(answer.records[0].strings == published);
  CHECK(answer.records[0].text == published[0] + published[1] + "z");
}

TEST_CASE("RDATA that is not what its type says makes the whole message malformed") {
  struct Row {
    std::string_view what;
    RecordType type;
    std::uint16_t number;
    Octets rdata;
  };
  const Row rows[] = {
      {"a short address", RecordType::a, a, {192, 0, 2}},
      {"a long address", RecordType::a, a, {192, 0, 2, 1, 1}},
      {"a short IPv6 address", RecordType::aaaa, aaaa, {0x20, 1}},
      {"TXT without a string", RecordType::txt, txt, {}},
      {"a string past the end", RecordType::txt, txt, {5, 'a'}},
      {"an MX without a host", RecordType::mx, mx, {0, 10}},
      {"octets after the name", RecordType::ns, ns, name("ns.test") + Octets{0}},
      {"a name without end", RecordType::ns, ns, {2, 'n', 's'}},
      {"a label of 64 octets", RecordType::ns, ns, Octets{64} + Octets(64, 'a') + Octets{0}},
      {"a pointer to itself", RecordType::ns, ns, {0xC0, 42}},
      {"a pointer past the end", RecordType::ns, ns, {0xC1, 0xFF}},
      {"half a pointer", RecordType::ns, ns, {0xC0}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    CHECK(!read(row.type, row.number, {record(name("a.test"), row.number, row.rdata)}));
  }
}

TEST_CASE("compressed names are read, in owners and in RDATA") {
  const Octets to_question{0xC0, 12}, to_test{0xC0, 14};
  const Octets rdata = Octets{3, 'n', 's', '1'} + to_test;
  const DnsAnswer answer = answer_to(RecordType::ns, ns, {record(to_question, ns, rdata)});
  REQUIRE(answer.records.size() == 1);
  CHECK(answer.records[0].text == "ns1.test");
}

TEST_CASE("pointers that build a name longer than 255 octets are refused") {
  Octets longest;
  for (int label = 0; label < 3; ++label) longest = longest + Octets{63} + Octets(63, 'x');
  const Octets first = record(name("a.test"), ns, longest + Octets{0});
  const auto at =
      static_cast<std::uint8_t>(12 + question("a.test", ns).size() + name("a.test").size() + 10);
  const Octets second = record(name("a.test"), ns, Octets{63} + Octets(63, 'y') + Octets{0xC0, at});
  CHECK(read(RecordType::ns, ns, {first}));
  CHECK(!read(RecordType::ns, ns, {first, second}));
}

TEST_CASE("a message cut anywhere is none, and never read past its end") {
  const Octets whole = message(
      7,
      authoritative,
      question("a.test", mx),
      {alias("a.test", "b.test"), record(name("b.test"), mx, number16(5) + name("m.test"))});
  const WireQuestion asked = asking("a.test", RecordType::mx);
  REQUIRE(read_reply(whole, asked));
  for (std::size_t length = 0; length < whole.size(); ++length) {
    CAPTURE(length);
    const Octets cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
    CHECK(!read_reply(cut, asked));
  }
}

TEST_CASE("what answers another question, or is no reply, is none") {
  const WireQuestion asked = asking("a.test", RecordType::txt);
  CHECK(read_reply(message(7, response, question("A.TEST", txt), {}), asked));
  CHECK(!read_reply(message(7, response, question("b.test", txt), {}), asked));
  CHECK(!read_reply(message(7, response, question("a.test", mx), {}), asked));
  CHECK(!read_reply(message(7, 0, question("a.test", txt), {}), asked));
  CHECK(!read_reply(message(7, 0x8000 | 0x2800, question("a.test", txt), {}), asked));
  const Octets no_question = number16(7) + number16(response) + Octets(8, 0);
  CHECK(!read_reply(no_question, asked));
  const Octets refusal = number16(7) + number16(response | refused) + Octets(8, 0);
  REQUIRE(read_reply(refusal, asked));
  CHECK(read_reply(refusal, asked)->answer.why == "REFUSED");
}

TEST_CASE("the reply code decides: NXDOMAIN is no name, every other error is a failure of DNS") {
  struct Row {
    std::uint16_t rcode;
    DnsOutcome outcome;
    std::string why;
  };
  const Row rows[] = {{0, DnsOutcome::no_data, ""},
                      {1, DnsOutcome::failed, "FORMERR"},
                      {servfail, DnsOutcome::failed, "SERVFAIL"},
                      {nxdomain, DnsOutcome::no_name, ""},
                      {notimp, DnsOutcome::failed, "NOTIMP"},
                      {refused, DnsOutcome::failed, "REFUSED"},
                      {9, DnsOutcome::failed, "RCODE 9"}};
  for (const Row& row : rows) {
    CAPTURE(row.rcode);
    const auto reply = read(RecordType::txt, txt, {}, response | row.rcode);
    REQUIRE(reply);
    CHECK(reply->answer.outcome == row.outcome);
    CHECK(reply->answer.why == row.why);
    CHECK(!reply->authoritative);
    CHECK(reply->id == 7);
  }
}

TEST_CASE("a truncated reply says so, and its records do not count") {
  const auto reply = read(RecordType::a, a, {record(name("a.test"), a, {192, 0, 2, 1})}, truncated);
  REQUIRE(reply);
  CHECK(reply->truncated);
  CHECK(reply->authoritative);
  CHECK(reply->answer.records.empty());
}

TEST_CASE("CNAMEs are followed in whatever order they come, and the shortest TTL counts") {
  const DnsAnswer answer = answer_to(RecordType::a,
                                     a,
                                     {record(name("c.test"), a, {192, 0, 2, 1}, 200),
                                      alias("b.test", "c.test"),
                                      record(name("a.test"), cname, name("b.test"), 60),
                                      record(name("d.test"), a, {192, 0, 2, 9})});
  REQUIRE(answer.records.size() == 1);
  CHECK(answer.records[0].text == "192.0.2.1");
  CHECK(answer.canonical_name == "c.test");
  CHECK(answer.ttl == 60);
}

TEST_CASE("who asks for the CNAME gets the CNAME and not what it leads to") {
  const DnsAnswer answer =
      answer_to(RecordType::cname, cname, {alias("a.test", "b.test"), alias("b.test", "c.test")});
  REQUIRE(answer.records.size() == 1);
  CHECK(answer.records[0].text == "b.test");
  CHECK(answer.canonical_name.empty());
}

TEST_CASE("circles and endless chains of CNAMEs are failures of DNS") {
  std::vector<Octets> chain{alias("a.test", "n0.test")};
  for (std::size_t i = 1; i < most_aliases; ++i)
    chain.push_back(
        alias("n" + std::to_string(i - 1) + ".test", "n" + std::to_string(i) + ".test"));
  const std::string last = "n" + std::to_string(most_aliases - 1) + ".test";
  CHECK(answer_to(RecordType::a, a, chain).canonical_name == last);
  chain.push_back(alias(last, "end.test"));
  const auto circle = {alias("a.test", "b.test"), alias("b.test", "a.test")};
  for (const DnsAnswer& answer :
       {answer_to(RecordType::a, a, chain), answer_to(RecordType::a, a, circle)}) {
    CHECK(answer.outcome == DnsOutcome::failed);
    CHECK(answer.why == "more than 16 CNAMEs, or a circle of them");
  }
}

TEST_CASE("outside its zone a server's word counts for nothing") {
  const Octets octets = message(7,
                                authoritative | nxdomain,
                                question("a.test", a),
                                {alias("a.test", "b.test"),
                                 alias("b.test", "c.example"),
                                 alias("c.example", "d.example"),
                                 record(name("c.example"), a, {192, 0, 2, 1})});
  const WireQuestion zone = asking("test", RecordType::ns);
  const auto reply = read_reply(octets, asking("a.test", RecordType::a), zone.name);
  REQUIRE(reply);
  CHECK(reply->answer.outcome == DnsOutcome::no_data);
  CHECK(reply->answer.canonical_name == "c.example");
  CHECK(reply->answer.records.empty());
}

TEST_CASE("an answer at the bound is taken, one over it fails") {
  const Octets one = record(name("a.test"), a, {192, 0, 2, 1});
  std::vector<Octets> records(most_records, one);
  CHECK(answer_to(RecordType::a, a, records).records.size() == most_records);
  records.push_back(one);
  CHECK(answer_to(RecordType::a, a, records).why == "the answer is larger than 100 records");
}

TEST_CASE("a small message that swells to more than 64 KiB of text fails") {
  Octets odd;
  for (int label = 0; label < 3; ++label) odd = odd + Octets{63} + Octets(63, 0xFF);
  const Octets swelling = record(name("a.test"), ns, odd + Octets{0});  // shown with 758 octets
  const std::vector<Octets> records(86, swelling);
  CHECK(answer_to(RecordType::ns, ns, records).outcome == DnsOutcome::found);
  std::vector<Octets> more = records;
  more.push_back(swelling);
  CHECK(answer_to(RecordType::ns, ns, more).why == "the answer is larger than 64 KiB");
}

TEST_CASE("nothing unprintable leaves in a name, and what leaves can be asked for") {
  const Octets odd = Octets{5, '.', '\\', 0, 0xFF, ' '} + name("Test");
  const auto answer = answer_to(RecordType::ns, ns, {record(name("a.test"), ns, odd)});
  REQUIRE(answer.records.size() == 1);
  CHECK(answer.records[0].text == "\\.\\\\\\000\\255\\032.test");
  const WireQuestion again = asking(answer.records[0].text, RecordType::a);
  CHECK(shown_name(again.name) == answer.records[0].text);
}

TEST_CASE("a name that DNS cannot carry is no question") {
  const std::string label(63, 'a');
  const std::string longest = label + '.' + label + '.' + label + '.' + std::string(61, 'b');
  struct Row {
    std::string text;
    bool carried;
  };
  const Row rows[] = {{"a.test", true},
                      {"", false},
                      {".", false},
                      {"a..test", false},
                      {"a.test.", false},
                      {".test", false},
                      {label + ".test", true},
                      {label + "a.test", false},
                      {longest, true},
                      {longest + "b", false},
                      {"a\\", false},
                      {"a\\25", false},
                      {"a\\256.test", false},
                      {"a\\046b.test", true},
                      {std::string("a\0b.test", 8), true}};
  for (const Row& row : rows) {
    CAPTURE(row.text);
    CHECK(wire_question({.name = row.text, .type = RecordType::a}).has_value() == row.carried);
  }
  CHECK(shown_name(asking(longest, RecordType::a).name) == longest);
}

TEST_CASE("a name is within its zone at the ends of labels alone") {
  const auto within = [](const std::string& text, const std::string& zone) {
    return is_within(asking(text, RecordType::a).name, asking(zone, RecordType::a).name);
  };
  CHECK(within("a.example.test", "example.test"));
  CHECK(within("example.test", "example.test"));
  CHECK(!within("badexample.test", "example.test"));
  CHECK(!within("test", "example.test"));
  CHECK(is_within(asking("a.test", RecordType::a).name, root_name));
}

TEST_CASE("a query asks one question, without recursion, and takes larger replies") {
  const Octets expected = number16(0x1234) + number16(0) + number16(1) + number16(0) + number16(0) +
                          number16(1) + question("a.test", txt) + Octets{0} + number16(41) +
                          number16(1232) + Octets(6, 0);
  CHECK(query(asking("a.test", RecordType::txt), 0x1234) == expected);
}
