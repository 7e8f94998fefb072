#pragma once

#include "policy/dns_answer.hpp"
#include "relay/domains/dns/name.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace domains {

inline constexpr std::uint16_t class_in = 1;  ///< CLASS and QCLASS of the Internet

inline constexpr std::size_t largest_udp_reply = 1232;     ///< octets; what no path fragments
inline constexpr std::size_t most_records = 100;           ///< of one answer
inline constexpr std::size_t most_octets = 64UL * 1024UL;  ///< of one answer's texts in all
inline constexpr std::size_t most_aliases = 16;            ///< CNAMEs of one answer

/// A question as it goes over the wire (RFC 1035, 4.1.2).
struct WireQuestion {
  std::string name;        ///< in wire form
  std::uint16_t type = 0;  ///< QTYPE
};

/// A reply to one question.
struct Reply {
  std::uint16_t id = 0;
  bool authoritative = false;
  bool truncated = false;  ///< the answer is in none of its parts: ask over TCP
  policy::DnsAnswer answer;
};

/// None for a name that DNS cannot carry, where therefore nothing can be published.
[[nodiscard]] std::optional<WireQuestion> wire_question(const policy::DnsQuestion& question);

/// The query to an authoritative server: no recursion, EDNS for replies up to largest_udp_reply.
[[nodiscard]] std::vector<std::uint8_t> query(const WireQuestion& question, std::uint16_t id);

/// Reads a reply: the records at the end of its chain of CNAMEs. The chain is followed as far as it
/// stays in `zone`, because of other zones this server may hold old copies. None: it answers
/// another question, or its octets are no DNS message. An answer over the bounds above is `failed`.
[[nodiscard]] std::optional<Reply> read_reply(std::span<const std::uint8_t> octets,
                                              const WireQuestion& question,
                                              std::string_view zone = root_name);

/// DNS itself failed, for the reason given in one clause.
[[nodiscard]] policy::DnsAnswer failed_answer(std::string why);

}  // namespace domains
