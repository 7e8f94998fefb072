#pragma once

#include "policy/address.hpp"
#include "policy/facts.hpp"
#include "policy/reason.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace policy {

/// What a MIME part is to its reader.
enum class Role : std::uint8_t {
  container,
  body,
  inline_image,
  empty_image,
  calendar,
  signature,
  report,
  encrypted,
  attachment,
};
[[nodiscard]] std::string_view word(Role role) noexcept;

/// One node of the MIME tree, in document order.
struct Part {
  std::string path;      ///< "1", "1.2": the child numbers from the top
  std::string type;      ///< "text/plain", lower case
  std::string name;      ///< decoded file name in UTF-8, empty if none
  std::size_t size = 0;  ///< octets after transfer decoding; of a container: as written
  Role role = Role::body;
  std::string why;           ///< for an attachment: what made it one
  bool urgent_link = false;  ///< a text that holds a link which a person waits for
};

/// Something that refuses the message, found while reading it.
struct Finding {
  Reason reason{};       ///< malformed, loop, attachment, bulk
  bool framing = false;  ///< NUL, bare CR or bare LF: comes before every other reason
  std::string what;      ///< completes "Not sent: …": what is wrong, printable US-ASCII
  std::string mend{};    ///< what to change, where the reason's own row says less
  std::string evidence;  ///< the offending piece, raw
};

/// Everything policy needs of a message, read once from its octets.
struct Summary {
  std::vector<Finding> findings;  ///< at most one of each reason, first found
  std::vector<Address> from;  ///< every mailbox of every From field; empty if it could not be read
  std::vector<Address> sender;                  ///< every mailbox of every Sender field
  std::optional<std::string> originator_fault;  ///< From or Sender missing or unreadable: malformed
  std::vector<Part> parts;
  std::string message_id;  ///< the Message-ID field's content, empty if none
  std::string subject;     ///< decoded, UTF-8, at most 200 octets
  std::size_t size = 0;
  bool urgent_link = false;   ///< a text part holds a link that a person waits for
  bool urgent_field = false;  ///< X-Postern-Priority: urgent
};

/// Reads a message (CRLF line ends, dots unstuffed) once. Never throws on any octets; bounded in
/// time and memory by the limits of the reading (header 64 KiB, 500 fields, depth 20, 100 parts).
/// `urgent_paths` are those of AppFacts.
[[nodiscard]] Summary summarise(std::string_view octets,
                                const Rules& rules,
                                std::span<const std::string> urgent_paths = {});

/// CRLF for every bare CR and bare LF (policy.line_ends: normalise), applied before summarise.
[[nodiscard]] std::string normalise_line_ends(std::string_view octets);

}  // namespace policy
