#pragma once

#include "mail/result.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dkim {

/// What mending needs beside the message. All text is printable US-ASCII.
struct MendFacts {
  std::string date;  ///< RFC 5322 3.3, for a message without a Date field
  std::string
      message_id_host;  ///< for a message without a Message-ID field: <queue_id@message_id_host>
  std::string queue_id;
  std::vector<std::pair<std::string, std::string>>
      added;  ///< name and value of fields put in front, in order
};

/// The message as it leaves but for its signature: what SES would refuse or misuse is put right in
/// the header section, the body stays as it is.
///
/// - Removed: Return-Path, Bcc, Resent-Bcc, and whatever the client says in DKIM-Signature,
/// DomainKey-Signature,
///   X-SES-*, X-Postern-*, Bounces-To, Errors-To, Feedback-ID, in any case and with white space
///   before the colon.
/// - Of each field that SES takes once only, the first one stays (of Content-Type fields of one
/// media type the first
///   with a known charset; of To and Cc, which SES does not count, all that differ as they leave).
///   Policy has judged each of them.
/// - 8-bit text is encoded (field_encoding.hpp); a line over 998 octets is folded.
/// - Date and Message-ID are added at the end where they are missing or leave empty.
///
/// Mending a mended message changes nothing. Takes a message that policy has accepted; fails,
/// saying why in one sentence, where the header section cannot be read in one way only (a line
/// without field name, over the limits of mail::read_header_section, NUL, bare CR or LF), or where
/// a field has no form that SES takes.
[[nodiscard]] mail::Result<std::string> mend(std::string_view octets, const MendFacts& facts);

}  // namespace dkim
