#pragma once

#include "relay/sendmail/message.hpp"
#include "relay/sendmail/wire.hpp"

#include <string>

namespace sendmail {

/// Gives the relay one message by SMTP: connects, TLS and AUTH as the settings say, one transaction
/// for all recipients: all of them or nobody. `hello` is the EHLO name. Gives the relay's answer to
/// it, or a Trouble with what the relay said; EX_TEMPFAIL where nothing is known of what became of
/// the message. Everything ends at the deadline.
[[nodiscard]] Result<std::string> hand_over(const Outgoing& message,
                                            const Settings& settings,
                                            const std::string& hello,
                                            Deadline deadline);

/// A connection on which the relay waits for MAIL: greeted, with TLS and AUTH as the settings say.
[[nodiscard]] Result<Wire> open_session(const Settings& settings,
                                        const std::string& hello,
                                        Deadline deadline);

}  // namespace sendmail
