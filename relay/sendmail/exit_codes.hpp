#pragma once

#include "relay/proto/client_session.hpp"

namespace sendmail {

/// The exit code of <sysexits.h> for a refusal: 4yz is EX_TEMPFAIL; of a 5yz the second number of
/// its enhanced status code (RFC 3463) decides: addressing, and any fault of a recipient,
/// EX_NOUSER, security and policy EX_NOPERM, what is wrong with this message EX_DATAERR, else
/// EX_UNAVAILABLE. A login that is refused is EX_NOPERM.
[[nodiscard]] int exit_code_of(smtp::Phase phase, const smtp::UpstreamReply& reply);

}  // namespace sendmail
