#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace net::limits {

using namespace std::chrono_literals;

// What PHP needs and what a hostile client may take.
inline constexpr auto tls_handshake = 10s;  ///< a plain client on a TLS port waits in silence
inline constexpr auto command_idle = 300s;  ///< Symfony pings only after 100 s (RFC 5321 4.5.3.2.7)
inline constexpr auto content_idle = 60s;   ///< between two reads inside DATA
inline constexpr auto content_total = 600s;  ///< from 354 to the final dot: a slow drip ends
inline constexpr auto write = 60s;           ///< for the client to take a reply
inline constexpr auto commit =
    20s;  ///< from the final dot to the reply, else the connection closes
inline constexpr auto failed_auth = 1s;                        ///< pause before a 535
inline constexpr auto reached_lately = std::chrono::days(90);  ///< of a restricted app's recipients
inline constexpr auto session_total = 24h;                     ///< no session outlives a day

inline constexpr std::size_t sessions = 1000;          ///< at once, in the whole relay
inline constexpr std::size_t sessions_per_peer = 200;  ///< at once, from one address
inline constexpr std::uint64_t content_in_memory =
    256ULL << 20;  ///< octets of unfinished messages in all sessions
inline constexpr std::uint64_t content_of_app = content_in_memory / 2;  ///< in those of one app
inline constexpr std::size_t input_buffer = 16384;

inline constexpr std::size_t failed_connections =
    10;  ///< per user and address within `failed_window`
inline constexpr auto failed_window = 300s;
inline constexpr std::size_t guarded_pairs = 4096;  ///< user and address pairs remembered

}  // namespace net::limits
