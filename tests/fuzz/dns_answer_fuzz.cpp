// What a DNS server sends: whatever octets come, reading stays within them, and what is taken from
// them is bounded, printable where it is a name, and a question that can be asked again.
#include "relay/domains/dns/message.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>

namespace {

using policy::DnsAnswer;
using policy::DnsOutcome;
using policy::RecordType;

constexpr std::array types{RecordType::txt,
                           RecordType::cname,
                           RecordType::mx,
                           RecordType::ns,
                           RecordType::a,
                           RecordType::aaaa,
                           RecordType::ptr};

void require(bool holds) {
  if (!holds) std::abort();
}

bool is_printable(std::string_view text) {
  return std::ranges::all_of(text, [](char octet) { return octet >= ' ' && octet < '\x7F'; });
}

void check_name(const std::string& name) {
  require(is_printable(name));
  const auto again = domains::wire_question({.name = name, .type = RecordType::a});
  require(name == "." || (again && domains::shown_name(again->name) == name));
}

void check_answer(const DnsAnswer& answer, RecordType type) {
  require((answer.outcome == DnsOutcome::found) == !answer.records.empty());
  require((answer.outcome == DnsOutcome::failed) == !answer.why.empty());
  require(answer.records.size() <= domains::most_records);
  if (!answer.canonical_name.empty()) check_name(answer.canonical_name);
  std::size_t octets = 0;
  for (const policy::DnsRecord& record : answer.records) {
    octets += record.text.size();
    require(record.strings.empty() == (type != RecordType::txt));
    if (type != RecordType::txt) require(is_printable(record.text));
    if (type == RecordType::ns || type == RecordType::cname || type == RecordType::ptr)
      check_name(record.text);
  }
  require(octets <= domains::most_octets);
}

}  // namespace

/// The first octet chooses the type that was asked for, of a.test in the zone test or the root.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
  if (size == 0) return 0;
  const RecordType type = types[octets[0] % types.size()];
  const auto question = domains::wire_question({.name = "a.test", .type = type});
  const auto zone = domains::wire_question({.name = "test", .type = type});
  const std::span message(octets + 1, size - 1);
  for (const std::string_view in : {domains::root_name, std::string_view(zone->name)}) {
    const auto reply = domains::read_reply(message, *question, in);
    if (reply && !reply->truncated) check_answer(reply->answer, type);
  }
  const std::string text(reinterpret_cast<const char*>(octets), size);
  if (const auto asked = domains::wire_question({.name = text, .type = type}))
    check_name(domains::shown_name(asked->name));
  return 0;
}
