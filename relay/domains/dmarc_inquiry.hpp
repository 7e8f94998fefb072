#pragma once

#include "policy/dns_answer.hpp"
#include "policy/facts.hpp"
#include "policy/summary.hpp"
#include "relay/config/config.hpp"
#include "relay/domains/resolver.hpp"

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace domains {

/// Asks DNS what the DMARC pre-flight needs, for somebody who judges messages one by one without a
/// running relay. Blocks; each question is asked once, and all of them together wait no longer than
/// its patience: what DNS has not said until then stays unknown. For one thread.
class DmarcInquiry {
 public:
  /// \param resolver of `context`, which nobody else runs; both outlive this
  /// \param region of SES, empty where the upstream is another
  DmarcInquiry(boost::asio::io_context& context,
               Resolver& resolver,
               const std::vector<config::Domain>& domains,
               std::string region,
               std::chrono::milliseconds patience);

  /// Fills in what policy::dmarc_sight needs, for the From domains that a sender domain with
  /// `verify: dns` covers: their DMARC records, and its MAIL FROM domain unless DNS contradicts it.
  void learn(policy::AppFacts& app, const policy::Summary& summary);

 private:
  policy::DnsAnswer ask(const policy::DnsQuestion& question);
  policy::DnsAnswer wait_for(const policy::DnsQuestion& question);
  policy::DmarcFacts facts_of(const std::string& from_domain);
  bool may_lead_to_ses(const std::string& domain, const std::string& mail_from);

  boost::asio::io_context& context_;
  Resolver& resolver_;
  std::string region_;
  std::chrono::steady_clock::duration patience_;  ///< what is left of it
  /// MAIL FROM domains by sender domain, empty where there is none; those with `verify: dns`.
  std::map<std::string, std::string, std::less<>> mail_from_;
  policy::DnsAnswers answers_;  ///< as many as DNS gives while there is patience
};

}  // namespace domains
