#pragma once

#include "policy/domain_setup.hpp"
#include "relay/config/config.hpp"
#include "relay/doctor/finding.hpp"
#include "relay/domains/resolver.hpp"
#include "relay/net/clock.hpp"
#include "relay/net/coro.hpp"

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace app {

/// One look of the doctor's.
struct Look {
  std::string check;  ///< what a look is called that does not end
  std::function<net::asio::awaitable<doctor::Findings>()> at;
};

inline constexpr std::chrono::seconds look_limit{12};  ///< for an upstream
inline constexpr std::chrono::seconds dns_limit{10};   ///< for all questions together
inline constexpr std::chrono::seconds examination_limit{15};

/// Takes all looks side by side; their findings in the order of the looks. One that has not ended
/// after examination_limit is a finding itself; it goes on, so what it uses must stay until it
/// ends.
[[nodiscard]] net::asio::awaitable<doctor::Findings> take_looks(std::vector<Look> looks,
                                                                net::ExceptionSink sink);

/// Connects as for mail, up to AUTH, and quits.
[[nodiscard]] net::asio::awaitable<doctor::Findings> look_at_upstream(config::Upstream upstream,
                                                                      std::string hostname,
                                                                      net::Clock& clock);
/// What is to be asked of DNS.
struct DnsWanted {
  std::vector<config::Endpoint> servers;     ///< as configured
  std::string name;                          ///< of a domain: whether DNS answers at all
  bool needed = false;                       ///< domains are verified by DNS
  std::vector<policy::DomainSetup> signing;  ///< trusted domains, whose keys nobody else asks for
};
[[nodiscard]] net::asio::awaitable<doctor::Findings> look_at_dns(domains::Resolver& resolver,
                                                                 DnsWanted wanted,
                                                                 net::ExceptionSink sink);
/// Whether the relay's own port greets.
[[nodiscard]] net::asio::awaitable<doctor::Findings> look_at_listener(
    config::SmtpListener listener);
/// Permissions of secrets, data directory and socket; room on the disk.
[[nodiscard]] doctor::Findings look_at_files(const config::Config& settings);

/// What can be seen of files and upstreams without a running relay. Blocks for examination_limit at
/// most.
[[nodiscard]] doctor::Findings examine_without_relay(const config::Config& settings);

}  // namespace app
