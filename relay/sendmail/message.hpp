#pragma once

#include "policy/envelope.hpp"
#include "relay/sendmail/arguments.hpp"
#include "relay/sendmail/settings.hpp"

#include <string>
#include <string_view>

namespace sendmail {

/// What the message may need of the moment and the machine.
struct Circumstances {
  std::string date;    ///< as a Date field has it
  std::string unique;  ///< letters, digits and dots that no other message has
  std::string host;    ///< the machine's name
  std::string user;    ///< who calls
};

/// A message as it goes to the relay.
struct Outgoing {
  policy::Envelope envelope;
  std::string octets;
};

/// Makes a message ready (RFC 5321 3.8, 6.4; RFC 6409 8): finds its recipients and sender, removes
/// Bcc, adds Date, Message-ID and From where they are missing, completes addresses without a
/// domain. A text that does not begin with a header field is all body; an mbox `From ` line is
/// dropped. With Resent- fields, -t takes the recipients from those (RFC 5322 3.6.6). The sender
/// is -f, else the configured `from`, else the address of Sender or From, else USER@DOMAIN. A
/// Trouble is EX_DATAERR, EX_NOUSER (a name without a domain, and none to put behind it) or
/// EX_USAGE (no recipient). `octets` has CRLF line ends.
[[nodiscard]] Result<Outgoing> prepare(const Request& request,
                                       const Settings& settings,
                                       const Circumstances& circumstances,
                                       std::string_view octets);

}  // namespace sendmail
