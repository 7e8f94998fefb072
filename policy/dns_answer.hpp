#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace policy {

enum class RecordType : std::uint8_t { txt, cname, mx, ns, a, aaaa, ptr };

/// What is asked of DNS: a name in lower-case A-labels without the last dot, and a type.
struct DnsQuestion {
  std::string name;
  RecordType type{};
  friend auto operator<=>(const DnsQuestion&, const DnsQuestion&) = default;
};

enum class DnsOutcome : std::uint8_t {
  found,
  no_data,  ///< the name exists, without this type
  no_name,  ///< NXDOMAIN
  failed,   ///< DNS itself: SERVFAIL, no answer in time, lame, refused, bogus. Never a verdict
};

/// One record of an answer.
struct DnsRecord {
  /// TXT: the character-strings joined; CNAME, NS, PTR: the target, lower case, without the last
  /// dot; MX: "10 host.example"; A, AAAA: the address.
  std::string text;
  std::vector<std::string> strings;  ///< TXT alone: the character-strings as published
};

struct DnsAnswer {
  DnsOutcome outcome = DnsOutcome::failed;
  std::vector<DnsRecord> records;
  std::string canonical_name;  ///< where CNAMEs led; empty: the name itself
  std::uint32_t ttl = 0;       ///< seconds
  std::string why;  ///< failed: what happened, one clause: "SERVFAIL", "no answer in 5 s"
};

using DnsAnswers = std::map<DnsQuestion, DnsAnswer>;

}  // namespace policy
