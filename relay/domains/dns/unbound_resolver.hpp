#pragma once

#include "mail/result.hpp"
#include "relay/domains/dns/unbound_context.hpp"
#include "relay/domains/resolver.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <memory>
#include <string>

namespace domains {

/// The resolver over libunbound, which asks the configured caching resolvers in a thread of its own
/// and keeps what they say for its TTL. What is not answered in time is `failed` with "no answer in
/// 5 s"; a name that DNS cannot carry is no_name. Runs on one executor, whose context has work for
/// as long as the resolver lives, and must outlive it.
class UnboundResolver final : public Resolver {
 public:
  /// A server or trust anchor that libunbound cannot use is a Failure that says what to change.
  [[nodiscard]] static mail::Result<std::unique_ptr<UnboundResolver>> make(
      const boost::asio::any_io_executor& executor, UnboundOptions options);

  UnboundResolver(const UnboundResolver&) = delete;
  UnboundResolver& operator=(const UnboundResolver&) = delete;
  /// Questions still under way are answered `failed`.
  ~UnboundResolver() override;

  boost::asio::awaitable<policy::DnsAnswer> resolve(policy::DnsQuestion question) override;

  /// Takes at most the timeout for each label of the name and each CNAME to another zone, twice the
  /// timeout more for each such zone.
  boost::asio::awaitable<std::vector<policy::DnsAnswer>> ask_authorities(
      policy::DnsQuestion question) override;

 private:
  class Questions;
  explicit UnboundResolver(std::shared_ptr<Questions> questions);
  std::shared_ptr<Questions> questions_;  ///< shared with the coroutines that wait for an answer
};

}  // namespace domains
