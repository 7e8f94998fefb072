#pragma once

#include "mail/result.hpp"
#include "relay/config/config.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace config {

// The spellings of scalar values. Each gives nothing, or a Failure, for anything else; no spelling
// has two readings.

/// US-ASCII.
[[nodiscard]] constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// `0` or digits without a leading zero, at most 18 of them.
[[nodiscard]] std::optional<std::int64_t> parse_integer(std::string_view text);

/// Digits with at most one point, `14` or `0.5`; greater than 0 and at most 1,000,000.
[[nodiscard]] std::optional<double> parse_rate(std::string_view text);

/// The same, greater than 0 and less than 1.
[[nodiscard]] std::optional<double> parse_ratio(std::string_view text);

/// `true` or `false`.
[[nodiscard]] std::optional<bool> parse_boolean(std::string_view text);

/// An integer and `KiB`, `MiB` or `GiB`; a bare integer is octets.
[[nodiscard]] std::optional<std::int64_t> parse_size(std::string_view text);

/// An integer and `s`, `m`, `h` or `d`, in seconds.
[[nodiscard]] std::optional<std::int64_t> parse_duration(std::string_view text);

/// The shortest spelling that parse_size and parse_duration read back.
[[nodiscard]] std::string size_text(std::int64_t octets);
[[nodiscard]] std::string duration_text(std::int64_t seconds);

/// `127.0.0.1:2525` or `[::1]:2525`: a literal IP address and a port (0: the system chooses).
[[nodiscard]] mail::Result<Endpoint> parse_endpoint(std::string_view text);

/// `127.0.0.1`, `127.0.0.1:5353`, `::1` or `[::1]:5353`: a resolver, at port 53 unless said.
[[nodiscard]] mail::Result<Endpoint> parse_server(std::string_view text);

/// The octets of a literal IP address, 4 or 16 of them; none if it is not one.
[[nodiscard]] std::optional<std::vector<std::uint8_t>> address_octets(std::string_view text);

/// `10.0.0.0/8`, `::1/128`, or a bare address; host bits must be zero. Gives the CIDR form.
[[nodiscard]] mail::Result<std::string> parse_network(std::string_view text);

/// Whether a literal IP address is of this machine alone (127.0.0.0/8, ::1).
[[nodiscard]] bool is_loopback(std::string_view address);

/// `[a-z0-9][a-z0-9-]{0,62}`: app names become AUTH user names and SES tag values.
[[nodiscard]] bool is_app_name(std::string_view text);

/// Letters, digits, `-` and `_`, at most 64: names of SES configuration sets.
[[nodiscard]] bool is_configuration_set(std::string_view text);

/// A host name (RFC 1123) or a literal IP address.
[[nodiscard]] bool is_host(std::string_view text);

/// This machine's name, `localhost` where it has none that is a host name.
[[nodiscard]] std::string machine_name();

/// `/login/code/`: the beginning or middle of a URL's path (RFC 3986 3.3), 2 to 200 octets.
[[nodiscard]] bool is_link_path(std::string_view text);

/// `eu-central-1`: the form of an AWS region.
[[nodiscard]] bool is_region(std::string_view text);

}  // namespace config
