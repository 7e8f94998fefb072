#pragma once

#include "policy/dns_answer.hpp"

#include <boost/asio/awaitable.hpp>

#include <string>
#include <vector>

namespace domains {

/// Asks DNS (one of the four seams). Everything runs on one executor, the one it was made with.
class Resolver {
 public:
  virtual ~Resolver() = default;

  /// Answers within the configured timeout, whatever the servers do: what takes longer is
  /// DnsOutcome::failed. Follows CNAMEs.
  virtual boost::asio::awaitable<policy::DnsAnswer> resolve(policy::DnsQuestion question) = 0;

  /// The same question to each authoritative server of the zone that holds the name, past every
  /// cache; one answer a server address (8 at most). None where the zone's servers cannot be
  /// found.
  virtual boost::asio::awaitable<std::vector<policy::DnsAnswer>> ask_authorities(
      policy::DnsQuestion question) = 0;
};

}  // namespace domains
