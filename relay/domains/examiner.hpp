#pragma once

#include "policy/spf_verdict.hpp"
#include "relay/domains/catalog.hpp"
#include "relay/domains/registry.hpp"
#include "relay/domains/resolver.hpp"
#include "relay/net/coro.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <functional>
#include <string>
#include <vector>

namespace domains {

/// Looks at a domain once: asks DNS, tests keys, has SPF evaluated, asks SES. Everything runs on
/// one executor.
class Examiner {
 public:
  struct Parts {
    boost::asio::any_io_executor executor;
    Resolver& resolver;
    net::ExceptionSink sink;
    /// Is SES authorised to send for the domain.
    std::function<net::asio::awaitable<policy::SpfVerdict>(std::string domain)> spf;
    /// What SES says of the domain; it may answer with what it knew.
    std::function<net::asio::awaitable<SesIdentity>(const Domain& domain)> identity;
    /// Whether a record in DNS is the domain's key of that selector.
    std::function<mail::Result<dkim::KeyTest>(
        const std::string& domain, const std::string& selector, const std::string& record)>
        test_key;
    std::string region, report_address;  ///< for the records that are expected
  };

  explicit Examiner(Parts parts) : parts_(std::move(parts)) {}

  /// One round. Whatever the resolver says is missing or wrong is asked of the authoritative
  /// servers too: a cache may be stale. `thorough`: everything required is.
  net::asio::awaitable<Round> examine(const Domain& domain, WallTime now, bool thorough);

 private:
  struct Looks;
  net::asio::awaitable<void> ask(std::vector<policy::DnsQuestion> questions,
                                 policy::DnsAnswers& answers);
  net::asio::awaitable<void> ask_authorities(std::vector<policy::DnsQuestion> questions,
                                             Looks& looks);
  [[nodiscard]] dkim::Seen see(const Domain& domain,
                               const std::string& selector,
                               const policy::DnsAnswer& answer) const;
  [[nodiscard]] dkim::Observation observe(const Domain& domain,
                                          const std::string& selector,
                                          const Looks& looks) const;

  Parts parts_;
};

}  // namespace domains
