#pragma once

#include "relay/domains/dns/message.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// DNS messages as a server may send them, right or wrong, octet by octet.
namespace packet {

using Octets = std::vector<std::uint8_t>;

inline constexpr std::uint16_t response = 0x8000, authoritative = 0x8400, truncated = 0x8600;
inline constexpr std::uint16_t servfail = 2, nxdomain = 3, notimp = 4, refused = 5;

/// In wire form: "a.test" is 1 a 4 test 0.
Octets name(const std::string& text);

Octets number16(std::uint16_t number);

/// Character-strings of a TXT record.
Octets strings(const std::vector<std::string>& strings);

/// A record of class IN and TTL 300.
Octets record(const Octets& owner,
              std::uint16_t type,
              const Octets& rdata,
              std::uint32_t ttl = 300);

/// A message with one question and these answers.
Octets message(std::uint16_t id,
               std::uint16_t flags,
               const Octets& question,
               const std::vector<Octets>& answers);

/// The question section of "name" and type.
Octets question(const std::string& text, std::uint16_t type);

/// The reply to a query, whose id and question it takes over.
Octets reply(const Octets& query, std::uint16_t flags, const std::vector<Octets>& answers = {});

/// The name that a query asks for, as text.
std::string asked(const Octets& query);

Octets operator+(Octets left, const Octets& right);

}  // namespace packet
