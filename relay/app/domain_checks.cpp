#include "relay/app/domain_checks.hpp"

#include "policy/identity_steps.hpp"
#include "policy/record_plan.hpp"
#include "relay/app/dns_settings.hpp"
#include "relay/app/probe.hpp"
#include "relay/net/ask.hpp"

#include <fmt/format.h>

#include <iterator>
#include <sstream>
#include <utility>

namespace app {

namespace asio = net::asio;
using namespace std::chrono_literals;

namespace {

constexpr auto store_patience = 5s;
constexpr auto identity_age = 55min;  ///< how long an answer of SES is good

std::string_view word(aws::RecordCheck check) {
  switch (check) {
    case aws::RecordCheck::not_started:
      return "not started";
    case aws::RecordCheck::pending:
      return "pending";
    case aws::RecordCheck::success:
      return "success";
    case aws::RecordCheck::failed:
      return "failed";
    case aws::RecordCheck::temporary_failure:
      return "temporary failure";
  }
  return "";
}

std::string first_edit(const domains::Domain& domain) {
  const auto& diagnoses = domain.examination.diagnoses;
  return diagnoses.empty() ? std::string() : diagnoses.front().edit;
}

/// What SES's answer means for the domain.
domains::SesIdentity identity_of(const aws::IdentityAnswer& answered, domains::WallTime now) {
  domains::SesIdentity identity;
  identity.source = domains::by_api;
  identity.seen = now;
  const aws::Identity& at_ses = answered.identity;
  if (answered.answer.outcome == aws::Outcome::unreachable) {
    identity.result = policy::CheckResult::silent;
    identity.why = answered.answer.sentence;
  } else if (answered.answer.outcome != aws::Outcome::done) {
    identity.why = answered.answer.sentence;
  } else if (!at_ses.exists) {
    identity.result = policy::CheckResult::bad;
    identity.why = "SES does not know the domain: create its identity in the region's console.";
  } else if (!at_ses.verified_for_sending) {
    identity.result = policy::CheckResult::bad;
    identity.why = fmt::format(
        "SES has not verified the domain yet (DKIM there: {}): publish the records that its "
        "console shows.",
        word(at_ses.dkim_status));
  } else {
    identity.result = policy::CheckResult::good;
  }
  if (at_ses.dkim_signing_origin == aws::DkimOrigin::aws_ses)
    identity.dkim_tokens = at_ses.dkim_tokens;
  identity.mail_from = at_ses.mail_from_domain;
  if (!at_ses.mail_from_domain.empty()) identity.mail_from_status = word(at_ses.mail_from_status);
  return identity;
}

}  // namespace

DomainChecks::DomainChecks(Parts parts, const config::Config& settings)
    : parts_(std::move(parts)),
      aws_(settings.aws),
      region_(region_of_ses(settings)),
      report_address_(settings.relay_operator.contact) {
  std::istringstream keys{std::string(parts_.reminded)};
  reminded_.insert(std::istream_iterator<std::string>(keys), {});
}

DomainChecks::~DomainChecks() { stop(); }

mail::Result<std::unique_ptr<DomainChecks>> DomainChecks::make(Parts parts,
                                                               const config::Config& settings) {
  std::unique_ptr<DomainChecks> checks(new DomainChecks(std::move(parts), settings));
  if (auto opened = checks->open(settings); !opened) return opened.error();
  return checks;
}

mail::Result<void> DomainChecks::open(const config::Config& settings) {
  auto resolver = domains::UnboundResolver::make(parts_.executor, resolver_options(settings.dns));
  if (!resolver) return resolver.error();
  resolver_ = std::move(*resolver);
  spf_ = std::make_unique<domains::SpfEvaluator>(
      parts_.executor, *resolver_, [this](domains::SpfCheckEnd end) {
        parts_.metrics.spf_check(domains::name_of(end));
      });
  if (parts_.aws.ses) ses_ = &parts_.aws.ses->in(aws_.region);
  examiner_ = std::make_unique<domains::Examiner>(domains::Examiner::Parts{
      parts_.executor,
      *resolver_,
      parts_.sink,
      [this](std::string domain) { return spf_->ses_authorised(std::move(domain)); },
      [this](const domains::Domain& domain) { return identity(domain); },
      [this](const std::string& domain, const std::string& selector, const std::string& record) {
        return parts_.registry.test_key(domain, selector, record);
      },
      region_,
      report_address_});
  verification_ = std::make_unique<domains::Verification>(domains::Verification::Parts{
      parts_.executor,
      parts_.registry,
      *examiner_,
      parts_.clock,
      parts_.sink,
      [this](const domains::Domain& before, const domains::Domain& after) {
        looked(before, after);
      }});
  return {};
}

void DomainChecks::stop() { verification_->stop(); }

asio::awaitable<domains::SesIdentity> DomainChecks::identity(const domains::Domain& domain) {
  if (region_.empty()) co_return domains::SesIdentity{};
  if (ses_) co_return co_await ask_ses(domain);
  co_return co_await learn_from_replies(domain);
}

/// What SES's replies tell: a refusal of the domain's mail, or that it took the probe.
asio::awaitable<domains::SesIdentity> DomainChecks::learn_from_replies(
    const domains::Domain& domain) {
  const bool known = domain.identity.source == domains::by_replies &&
                     domain.identity.result == policy::CheckResult::good;
  domains::SesIdentity identity;
  identity.source = domains::by_replies;
  identity.seen = parts_.clock.now();
  if (parts_.refused_by_ses(domain.name)) {
    identity.result = policy::CheckResult::bad;
    identity.why = "SES refuses the domain as not verified: verify it in the region's console.";
  } else if (known || co_await took_probe(domain.name)) {
    identity.result = policy::CheckResult::good;
  } else {
    identity.why = "no reply of SES has told yet; give `aws` to have its API asked.";
  }
  co_return identity;
}

asio::awaitable<bool> DomainChecks::took_probe(const std::string& domain) {
  const auto probe = probes_.find(domain);
  if (probe == probes_.end()) co_return false;
  spool::Filter which;
  which.id = probe->second;
  auto question = [&](std::function<void(std::vector<spool::Entry>)> answer) {
    parts_.store.list(which, std::move(answer));
  };
  const auto found = co_await net::ask<std::vector<spool::Entry>>(question, store_patience);
  co_return found && !found->empty() && found->front().state == spool::State::sent;
}

/// Once in the relay's life for each domain of which SES has told nothing.
void DomainChecks::send_probe(const domains::Domain& domain) {
  if (region_.empty() || ses_ || domain.state.status != policy::DomainStatus::verified ||
      domain.identity.result != policy::CheckResult::unknown || probes_.contains(domain.name))
    return;
  const auto rights = parts_.registry.catalog()->of_domain(domain.name);
  if (rights.empty()) return;
  spool::Job job = probe_of(rights.front(), parts_.clock.now(), parts_.clock.random());
  probes_.emplace(domain.name, job.entry.id);
  parts_.submit(std::move(job));
}

asio::awaitable<domains::SesIdentity> DomainChecks::ask_ses(const domains::Domain& domain) {
  const auto now = parts_.clock.now();
  const bool fresh = domain.identity.source == domains::by_api && domain.identity.seen <= now &&
                     now - domain.identity.seen < identity_age;
  // One that is not verified yet is asked about with each round, to be through as soon as it is.
  if (fresh && domain.identity.result == policy::CheckResult::good) co_return domain.identity;
  auto answered = co_await ses_->get_identity(domain.name);
  const bool missing = answered.answer.outcome == aws::Outcome::done && !answered.identity.exists;
  if (missing && aws_.identities == config::Identities::manage) {
    answered.answer = co_await create_identity(domain);
    if (answered.answer.outcome == aws::Outcome::done)
      answered = co_await ses_->get_identity(domain.name);
  } else if (aws_.identities == config::Identities::manage) {
    co_await follow_rotation(domain, answered.identity);
  }
  co_return identity_of(answered, now);
}

std::vector<policy::WantedRecord> DomainChecks::records(const domains::Domain& domain) const {
  if (!domain.records.empty()) return domain.records;
  return policy::wanted_records(domains::setup_of(domain, region_, report_address_), {});
}

std::vector<std::string> DomainChecks::console_steps(const domains::Domain& domain) const {
  if (ses_ && aws_.identities == config::Identities::manage) return {};
  return policy::identity_steps(domains::setup_of(domain, region_, report_address_));
}

/// The key that SES is to verify and sign the domain with: ours, so that one record serves both;
/// none (Easy DKIM) where SES alone signs, or where ours is of a kind that it does not take.
std::optional<aws::OwnKey> DomainChecks::key_for_ses(const domains::Domain& domain) const {
  const auto key = parts_.registry.main_key(domain.name);
  if (domain.signing == policy::SigningMode::ses || !key ||
      key->key().algorithm() != dkim::Algorithm::rsa_sha256)
    return std::nullopt;
  return aws::OwnKey{key->selector(), config::Secret(key->key().pem())};
}

asio::awaitable<aws::Answer> DomainChecks::create_identity(const domains::Domain& domain) {
  auto created = co_await ses_->create_identity(domain.name, key_for_ses(domain));
  if (created.outcome == aws::Outcome::done && !domain.mail_from.empty())
    created = co_await ses_->set_mail_from(
        domain.name, domain.mail_from, aws::OnMxFailure::use_default_value);
  if (created.outcome == aws::Outcome::done)
    parts_.log.info("the domain's identity was made at SES", {{"domain", domain.name}});
  else
    parts_.log.warn("the domain's identity could not be made at SES",
                    {{"domain", domain.name}, {"why", created.sentence}});
  co_return created;
}

/// SES signs with the key that signs here: its record is the one that stays published.
asio::awaitable<void> DomainChecks::follow_rotation(const domains::Domain& domain,
                                                    const aws::Identity& at_ses) {
  auto key = key_for_ses(domain);
  if (!key || !at_ses.exists || at_ses.dkim_signing_origin != aws::DkimOrigin::external ||
      at_ses.dkim_tokens == std::vector{key->selector})
    co_return;
  const auto set = co_await ses_->set_dkim(domain.name, std::move(key));
  if (set.outcome != aws::Outcome::done)
    parts_.log.warn("SES did not take the domain's new key",
                    {{"domain", domain.name}, {"why", set.sentence}});
}

/// Once that a key has grown old: only of those that are still there it is kept.
void DomainChecks::remind(const domains::Domain& domain) {
  const auto sentence = dkim::rotation_reminder(domain.ring, parts_.clock.now());
  const auto named = [](const domains::Domain& of, const dkim::KeyState& key) {
    return of.name + "/" + key.id;
  };
  if (!sentence || !reminded_.insert(named(domain, domain.ring.front())).second) return;
  parts_.remind(domain, *sentence);
  std::string kept;
  for (const auto& [name, each] : parts_.registry.catalog()->domains)
    for (const dkim::KeyState& key : each->ring)
      if (reminded_.contains(named(*each, key))) kept += named(*each, key) + " ";
  parts_.store.note(std::string(remind_note), std::move(kept));
}

void DomainChecks::looked(const domains::Domain& before, const domains::Domain& after) {
  parts_.metrics.domain_checked(after.name, after.state);
  send_probe(after);
  remind(after);
  if (before.state.status == after.state.status) return;
  parts_.tell(after, policy::may_send(after.state.status) ? std::string() : first_edit(after));
  if (after.state.status == policy::DomainStatus::verified)
    parts_.log.info("a domain is verified", {{"domain", after.name}});
  else
    parts_.log.warn("a domain's records are wrong",
                    {{"domain", after.name},
                     {"status", policy::word(after.state.status)},
                     {"mend", first_edit(after)}});
}

}  // namespace app
