#include "relay/sendmail/exit_codes.hpp"

#include <sysexits.h>

namespace sendmail {

int exit_code_of(smtp::Phase phase, const smtp::UpstreamReply& reply) {
  if (reply.code / 100 == 4) return EX_TEMPFAIL;
  if (phase == smtp::Phase::auth) return EX_NOPERM;
  const std::string& text = reply.text;
  const bool enhanced = text.size() > 4 && text[0] == '5' && text[1] == '.' && text[3] == '.';
  if (!enhanced) return EX_UNAVAILABLE;
  if (phase == smtp::Phase::rcpt && text[2] != '7') return EX_NOUSER;
  switch (text[2]) {
    case '1':
      return EX_NOUSER;
    case '3':
      return text[4] == '4' ? EX_DATAERR : EX_UNAVAILABLE;
    case '5':
    case '6':
      return EX_DATAERR;
    case '7':
      return EX_NOPERM;
    default:
      return EX_UNAVAILABLE;
  }
}

}  // namespace sendmail
