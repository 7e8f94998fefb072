#pragma once

#include "policy/dns_answer.hpp"
#include "policy/spf_verdict.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace domains {

/// What check_host() of RFC 7208 section 4.1 is asked.
struct SpfQuestion {
  std::string ip;         ///< the sending host, IPv4 or IPv6, as text
  std::string helo;       ///< the name it greets with, 255 octets at most
  std::string mail_from;  ///< the reverse-path without brackets, 320 octets at most; empty: helo
  friend bool operator==(const SpfQuestion&, const SpfQuestion&) = default;
};

}  // namespace domains

/// What the relay and its SPF child say to each other: one message a packet of a SOCK_SEQPACKET
/// pair. Each reader takes exactly what its writer writes and nothing else: what is read and
/// written again is the same octets.
namespace domains::spf {

/// No message of the child is longer.
inline constexpr std::size_t max_from_child = 1024;
/// No message to the child is longer. A DNS answer, itself below 64 KiB, fits.
inline constexpr std::size_t max_to_child = std::size_t{96} * 1024;
/// Of a verdict's and a refusal's sentence.
inline constexpr std::size_t max_why = 200;

/// The child is confined and waits for the question.
struct Ready {
  friend bool operator==(const Ready&, const Ready&) = default;
};
/// The child could not be confined, and ends.
struct Unconfined {
  std::string why;
  friend bool operator==(const Unconfined&, const Unconfined&) = default;
};
/// A question (TXT, A, AAAA, MX, PTR), and in the end the verdict.
using FromChild = std::variant<Ready, Unconfined, policy::DnsQuestion, policy::SpfVerdict>;

/// The sentences are made printable and cut to `max_why`.
[[nodiscard]] std::string encode(const FromChild& message);
[[nodiscard]] std::optional<FromChild> decode_from_child(std::string_view octets);

/// Nothing where a part is too long or holds a control octet.
[[nodiscard]] std::optional<std::string> encode(const SpfQuestion& question);
[[nodiscard]] std::optional<SpfQuestion> decode_question(std::string_view octets);

/// Outcome and record texts alone. Nothing where they are longer than `max_to_child`.
[[nodiscard]] std::optional<std::string> encode(const policy::DnsAnswer& answer);
[[nodiscard]] std::optional<policy::DnsAnswer> decode_answer(std::string_view octets);

/// The text in printable ASCII ('?' for everything else), `max_why` octets at most.
[[nodiscard]] std::string printable(std::string_view text);

}  // namespace domains::spf
