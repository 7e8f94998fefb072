#include "relay/domains/spf/messages.hpp"

#include <doctest/doctest.h>

#include <string>
#include <variant>
#include <vector>

namespace spf = domains::spf;
using policy::DnsOutcome;
using policy::RecordType;
using policy::SpfResult;

namespace {

policy::SpfVerdict verdict(SpfResult result, std::string why) {
  policy::SpfVerdict made;
  made.result = result;
  made.why = std::move(why);
  return made;
}

policy::DnsQuestion lookup(std::string name, RecordType type) {
  policy::DnsQuestion made;
  made.name = std::move(name);
  made.type = type;
  return made;
}

}  // namespace

TEST_CASE("what the child says is read as it was said") {
  const std::vector<spf::FromChild> messages{
      spf::Ready{},
      spf::Unconfined{"seccomp is not available"},
      lookup("_spf.example.org", RecordType::txt),
      lookup("example.org", RecordType::a),
      lookup("example.org", RecordType::aaaa),
      lookup("example.org", RecordType::mx),
      lookup("1.2.0.192.in-addr.arpa", RecordType::ptr),
      verdict(SpfResult::pass, ""),
      verdict(SpfResult::perm_error, "example.org publishes 2 SPF records"),
      verdict(SpfResult::unknown, "longer than libspf2 takes"),
      verdict(SpfResult::temp_error, std::string(spf::max_why, 'x'))};
  for (const spf::FromChild& message : messages) {
    const std::string octets = spf::encode(message);
    CAPTURE(octets);
    CHECK(octets.size() <= spf::max_from_child);
    CHECK(spf::decode_from_child(octets) == message);
    for (std::size_t size = 0; size < octets.size(); ++size)
      CHECK(!spf::decode_from_child(octets.substr(0, size)));
    CHECK(!spf::decode_from_child(octets + '\0'));
  }
}

TEST_CASE("a sentence is made printable and cut before it is sent, and refused when it is not") {
  const auto sent = spf::decode_from_child(
      spf::encode(verdict(SpfResult::fail, "\x1b[31m" + std::string(300, 'x'))));
  REQUIRE(sent);
  CHECK(std::get<policy::SpfVerdict>(*sent).why == "?[31m" + std::string(spf::max_why - 5, 'x'));

  const std::string one = "V" + std::string("\1\0\1", 3);
  CHECK(spf::decode_from_child(one + 'x'));
  for (const char bad : {'\x1b', '\n', '\0', '\x7f', '\x80'})
    CHECK(!spf::decode_from_child(one + bad));
  CHECK(!spf::decode_from_child("V" + std::string("\1\0\xc9", 3) + std::string(201, 'x')));
}

TEST_CASE("the child cannot say what it may not know or ask what is not asked") {
  for (const std::string& octets : {std::string(),
                                    std::string("X"),
                                    std::string("V\x08\0\0", 4),    // no such result
                                    std::string("L\x05\0\1a", 5),   // no such type
                                    std::string("L\0\0\0", 4),      // no name
                                    std::string("L\0\0\1A", 5),     // a capital
                                    std::string("L\0\0\3a\\b", 7),  // an escape
                                    std::string("L\0\0\3a.\0", 7),  // a NUL
                                    std::string(spf::max_from_child + 1, 'R')}) {
    CAPTURE(octets);
    CHECK(!spf::decode_from_child(octets));
  }
}

TEST_CASE("a question is read as it was asked, or not sent") {
  domains::SpfQuestion asked;
  asked.ip = "2001:db8::1";
  asked.helo = "mail.example.org";
  asked.mail_from = std::string(320, 'x');
  const auto octets = spf::encode(asked);
  REQUIRE(octets);
  CHECK(spf::decode_question(*octets) == asked);
  CHECK(!spf::decode_question(octets->substr(1)));
  CHECK(!spf::decode_question(octets->substr(0, octets->size() - 1)));
  CHECK(!spf::decode_question(*octets + 'x'));

  const auto refused = [&](auto spoil) {
    domains::SpfQuestion spoiled = asked;
    spoil(spoiled);
    return !spf::encode(spoiled);
  };
  CHECK(refused([](auto& question) { question.ip = std::string(46, '1'); }));
  CHECK(refused([](auto& question) { question.helo = std::string(256, 'h'); }));
  CHECK(refused([](auto& question) { question.mail_from += 'x'; }));
  CHECK(refused([](auto& question) { question.helo = std::string(1, '\0'); }));
}

TEST_CASE("an answer is read as it was given, as far as it fits") {
  policy::DnsAnswer answer;
  answer.outcome = DnsOutcome::found;
  answer.records.emplace_back().text = std::string("any\0octet\xff", 10);
  answer.records.emplace_back().text = "";
  answer.records.emplace_back().text = std::string(0xffff, 'x');
  const auto octets = spf::encode(answer);
  REQUIRE(octets);
  const auto read = spf::decode_answer(*octets);
  REQUIRE(read);
  CHECK(read->outcome == DnsOutcome::found);
  REQUIRE(read->records.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) CHECK(read->records[i].text == answer.records[i].text);
  CHECK(!spf::decode_answer(octets->substr(0, octets->size() - 1)));
  CHECK(!spf::decode_answer(*octets + 'x'));
  CHECK(!spf::decode_answer(std::string("A\4\0\0", 4)));

  answer.records.emplace_back().text = std::string(spf::max_to_child - octets->size() - 2, 'x');
  REQUIRE(spf::encode(answer));
  CHECK(spf::encode(answer)->size() == spf::max_to_child);
  answer.records.back().text += 'x';
  CHECK(!spf::encode(answer));
  answer.records.assign(1, policy::DnsRecord());
  answer.records.back().text = std::string(0x10000, 'x');
  CHECK(!spf::encode(answer));
}
