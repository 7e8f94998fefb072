#pragma once

#include "mail/result.hpp"
#include "relay/app/aws_access.hpp"
#include "relay/aws/ses_api.hpp"
#include "relay/config/config.hpp"
#include "relay/domains/dns/unbound_resolver.hpp"
#include "relay/domains/examiner.hpp"
#include "relay/domains/registry.hpp"
#include "relay/domains/spf/evaluator.hpp"
#include "relay/domains/verification.hpp"
#include "relay/net/clock.hpp"
#include "relay/net/coro.hpp"
#include "relay/observe/log.hpp"
#include "relay/observe/metrics.hpp"
#include "relay/spool/store.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace app {

/// Everything that looks at sender domains: the resolver, SPF in its child, SES's API, and the
/// rounds over all domains. Runs on one executor.
class DomainChecks {
 public:
  struct Parts {
    boost::asio::any_io_executor executor;
    domains::Registry& registry;
    net::Clock& clock;
    observe::Log& log;
    observe::Metrics& metrics;
    net::ExceptionSink sink;
    spool::Store& store;
    AwsAccess& aws;
    /// Accepts a message of the relay's own and delivers it.
    std::function<void(spool::Job)> submit;
    /// SES's replies have it that the domain is not verified there.
    std::function<bool(std::string_view domain)> refused_by_ses;
    /// The domain's status has changed; `edit` is what mends it, if anything is wrong.
    std::function<void(const domains::Domain& domain, const std::string& edit)> tell;
    /// A key of the domain has grown old; told once for each key.
    std::function<void(const domains::Domain& domain, const std::string& sentence)> remind;
    /// What remind_note kept.
    std::string_view reminded;
  };

  /// The keys that somebody was reminded of, in the store.
  static constexpr std::string_view remind_note = "old keys told of";

  /// A Failure says what of the configuration cannot be used.
  static mail::Result<std::unique_ptr<DomainChecks>> make(Parts parts,
                                                          const config::Config& settings);
  ~DomainChecks();

  void start() { verification_->start(); }
  /// No further round begins.
  void stop();
  net::asio::awaitable<mail::Result<void>> verify_now(std::string domain) {
    return verification_->verify_now(std::move(domain));
  }
  [[nodiscard]] domains::Resolver& resolver() const noexcept { return *resolver_; }
  /// What to publish for a domain: as the last round saw it, or without having asked.
  [[nodiscard]] std::vector<policy::WantedRecord> records(const domains::Domain& domain) const;
  /// What is left to do by hand at SES for a domain; nothing where its identities are managed.
  [[nodiscard]] std::vector<std::string> console_steps(const domains::Domain& domain) const;

 private:
  DomainChecks(Parts parts, const config::Config& settings);
  mail::Result<void> open(const config::Config& settings);
  net::asio::awaitable<domains::SesIdentity> identity(const domains::Domain& domain);
  net::asio::awaitable<domains::SesIdentity> ask_ses(const domains::Domain& domain);
  net::asio::awaitable<domains::SesIdentity> learn_from_replies(const domains::Domain& domain);
  net::asio::awaitable<bool> took_probe(const std::string& domain);
  void send_probe(const domains::Domain& domain);
  void remind(const domains::Domain& domain);
  [[nodiscard]] std::optional<aws::OwnKey> key_for_ses(const domains::Domain& domain) const;
  net::asio::awaitable<void> follow_rotation(const domains::Domain& domain,
                                             const aws::Identity& at_ses);
  net::asio::awaitable<aws::Answer> create_identity(const domains::Domain& domain);
  void looked(const domains::Domain& before, const domains::Domain& after);

  Parts parts_;
  config::Aws aws_;
  std::string region_;  ///< of SES; empty: the upstreams are others
  std::string report_address_;
  std::map<std::string, spool::QueueId> probes_;  ///< by domain, of which there are max_domains
  std::set<std::string> reminded_;                ///< keys, as remind_note has them
  std::unique_ptr<domains::UnboundResolver> resolver_;
  std::unique_ptr<domains::SpfEvaluator> spf_;
  aws::SesApi* ses_ = nullptr;  ///< null: not to be asked
  std::unique_ptr<domains::Examiner> examiner_;
  std::unique_ptr<domains::Verification> verification_;
};

}  // namespace app
