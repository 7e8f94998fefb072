#pragma once

#include "relay/domains/resolver.hpp"

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace spf_tests {

/// A Resolver over a table. A name without any entry is NXDOMAIN, one with entries of other types
/// has no data.
class Zone final : public domains::Resolver {
 public:
  void add(const std::string& name, policy::RecordType type, std::string text);
  /// Whatever is not in the table at that name fails.
  void fail_otherwise(const std::string& name) { failing_[name] = true; }
  /// What was asked, in order.
  [[nodiscard]] const std::vector<policy::DnsQuestion>& asked() const noexcept { return asked_; }

  boost::asio::awaitable<policy::DnsAnswer> resolve(policy::DnsQuestion question) override;
  boost::asio::awaitable<std::vector<policy::DnsAnswer>> ask_authorities(
      policy::DnsQuestion question) override;

 private:
  [[nodiscard]] policy::DnsAnswer answer(const policy::DnsQuestion& question) const;

  std::map<policy::DnsQuestion, policy::DnsAnswer> answers_;
  std::map<std::string, bool> failing_;  ///< the names; true where the rest fails
  std::vector<policy::DnsQuestion> asked_;
};

}  // namespace spf_tests
