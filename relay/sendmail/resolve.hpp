#pragma once

#include "relay/sendmail/trouble.hpp"

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace sendmail {

/// The IP addresses of a host, IPv6 and IPv4 by turns, at most 8: a literal address, else what
/// /etc/hosts says, else what the name servers of /etc/resolv.conf say (its search list applies).
/// glibc's getaddrinfo() is not asked: in a static program it would load libraries of whatever
/// system that runs on. A Trouble is EX_TEMPFAIL, or EX_CONFIG where there is no such name. May
/// wait for DNS as long as resolv.conf's name servers take, at most 2 s for each question and
/// server.
[[nodiscard]] Result<std::vector<std::string>> resolve(const std::string& host);

/// The addresses that a hosts file has for a name, in its order, `localhost` always among them.
[[nodiscard]] std::vector<std::string> in_hosts_file(std::string_view text, std::string_view host);

}  // namespace sendmail
