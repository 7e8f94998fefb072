#pragma once

#include "mail/header_fields.hpp"
#include "policy/summary.hpp"

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

namespace policy {

inline constexpr std::size_t max_line_octets = 998;  ///< RFC 5322 2.1.1, without CRLF
inline constexpr std::size_t max_received_fields = 50;

/// The first octet that lets two programs see two messages (NUL, bare CR, bare LF: a framing
/// finding), or else the first line over max_line_octets. One pass.
[[nodiscard]] std::optional<Finding> find_line_fault(std::string_view octets);

/// What two readers would read differently in the message's header section: its faults, a folded
/// line of nothing but white space, fields that may stand once and stand twice with different
/// content, non-ASCII before the @ in an address field.
[[nodiscard]] std::optional<Finding> find_header_fault(const mail::HeaderSection& header);

/// Too many Received fields.
[[nodiscard]] std::optional<Finding> find_loop(const mail::HeaderSection& header);

/// A finding of malformed mail: `fault` names what is wrong, `mend` what to change.
[[nodiscard]] Finding malformed(std::string_view fault,
                                std::string_view evidence,
                                std::string_view mend = {});

}  // namespace policy
