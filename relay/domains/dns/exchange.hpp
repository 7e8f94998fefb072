#pragma once

#include "relay/domains/dns/gather.hpp"
#include "relay/domains/dns/message.hpp"

#include <boost/asio/ip/udp.hpp>

#include <chrono>
#include <string>

namespace domains {

/// Asks one authoritative server of `zone` (in wire form), past every cache: over UDP, sent three
/// times while no reply comes, and over TCP where the reply does not fit. Answers within the
/// timeout; a server that does not answer with authority has `failed`. None: this machine has no
/// route to the address (an IPv6 server, seen from a machine without IPv6).
[[nodiscard]] net::asio::awaitable<MaybeAnswer> exchange(net::asio::ip::udp::endpoint server,
                                                         WireQuestion question,
                                                         std::string zone,
                                                         std::chrono::milliseconds timeout);

/// "no answer in 5 s"
[[nodiscard]] policy::DnsAnswer no_answer_in(std::chrono::milliseconds timeout);

}  // namespace domains
