#pragma once

#include "policy/reason.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace policy {

enum class ReportKind : std::uint8_t {
  failed,        ///< refused for good
  expired,       ///< tried until its time was over
  hold_expired,  ///< held until its time was over
  still_held,    ///< a warning: held for long, and given up at its time if nothing changes
};

/// What a report says. `last_reply` and `original` are foreign octets; times are RFC 5322 3.3
/// date-times.
struct ReportFacts {
  ReportKind kind{};
  std::string from;        ///< the operator's address, in the envelope too: SES takes no null path
  std::string to;          ///< who looks after the site
  std::string message_id;  ///< of the report, with its angle brackets
  std::string date;
  std::string boundary;  ///< random letters and digits, at most 60: no octet of it can be foreseen

  std::string reporting_mta;  ///< the relay's host name
  std::string app;
  std::string queue_id;
  std::string accepted;  ///< when the message was
  std::vector<std::string> recipients;
  std::optional<Reason> reason;  ///< why it was held or has failed, where it is one of ours
  std::string last_reply;        ///< `CODE text` of the upstream, or a trouble; may be empty
  std::string_view original;     ///< the message, of which the header section is shown

  // of a warning
  std::string held_since, deadline;  ///< since when the message is held, and when it is given up
  std::uint64_t held_alike = 1;      ///< of the app and for the reason, this message among them
};

inline constexpr std::size_t max_reported_header_octets = std::size_t{8} * 1024;

/// Whether a report may be made: about nothing that is one itself, and not without both addresses.
[[nodiscard]] bool may_report(bool is_notice, std::string_view from, std::string_view to) noexcept;

/// A message (RFC 5322, CRLF) of type multipart/report (RFC 3464): for the site's owner in plain
/// words, then for programs, then the header section of the original without X-Postern-… and Bcc,
/// whole fields up to max_reported_header_octets. Nothing of the original's body is in it. A
/// warning shows one message for all that are held alike, as `delayed`.
[[nodiscard]] std::string report(const ReportFacts& facts);

}  // namespace policy
