#pragma once

#include "relay/sendmail/settings.hpp"

#include <string>

namespace sendmail {

/// `-bs`: greets on standard output, then carries SMTP between standard input and output and the
/// relay, which judges every word of it. Ends when either side does, or after 6 minutes without an
/// octet. Gives the exit code; a relay that cannot be had is said as 421 on standard output too.
[[nodiscard]] int run_dialogue(const Settings& settings, const std::string& hello);

}  // namespace sendmail
