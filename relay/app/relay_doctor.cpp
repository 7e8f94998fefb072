#include "relay/app/examination.hpp"
#include "relay/app/relay.hpp"
#include "relay/doctor/judge.hpp"

#include <fmt/format.h>

#include <set>
#include <string>
#include <utility>

// What the running relay can see of itself, for the doctor.

namespace app {
namespace {

namespace asio = net::asio;

constexpr std::size_t most_configuration_sets = 5;  // each takes two seconds of SES's API
constexpr std::size_t most_signing_domains = 50;    // each is a question to the resolver

doctor::DomainSeen seen(const domains::Domain& domain) {
  doctor::DomainSeen seen;
  seen.name = domain.name;
  seen.status = domain.state.status;
  seen.trouble = domain.trouble.empty() ? domain.unsigned_why : domain.trouble;
  const auto& diagnoses = domain.examination.diagnoses;
  if (!diagnoses.empty()) {
    seen.edit = diagnoses.front().edit;
    seen.valued = !diagnoses.front().expected.empty();
  }
  return seen;
}

/// Those that are not well, and how many are.
doctor::Findings domains_of(const domains::Catalog& catalog) {
  doctor::Findings findings;
  std::size_t well = 0, trusted = 0;
  for (const auto& [name, domain] : catalog.domains) {
    doctor::Finding finding = doctor::judge_domain(seen(*domain));
    if (finding.grade == doctor::Grade::ok) {
      ++well;
      if (domain->trusted) ++trusted;
    } else {
      findings.push_back(std::move(finding));
    }
  }
  if (well > 0)
    findings.push_back({"domains",
                        doctor::Grade::ok,
                        fmt::format("{} verified by DNS, {} trusted", well - trusted, trusted),
                        {}});
  if (catalog.domains.empty())
    findings.push_back({"domains",
                        doctor::Grade::bad,
                        "there is none: no mail is taken",
                        "Add one: `postern domain add NAME --app APP`."});
  return findings;
}

/// Region and name of those that mail goes by.
std::set<std::pair<std::string, std::string>> configuration_sets(const config::Config& settings,
                                                                 const domains::Catalog& catalog) {
  std::set<std::pair<std::string, std::string>> sets;
  for (const config::Upstream& upstream : settings.upstreams) {
    const std::string region = ses_region(settings, upstream);
    if (region.empty()) continue;
    if (!upstream.configuration_set.empty()) sets.emplace(region, upstream.configuration_set);
    for (const auto& [name, app] : catalog.apps)
      if (!app->configuration_set.empty()) sets.emplace(region, app->configuration_set);
  }
  return sets;
}

asio::awaitable<doctor::Findings> account_of(SesRegions& ses, std::string region) {
  const auto answered = co_await ses.in(region).get_account();
  co_return doctor::judge_account(region, answered);
}

asio::awaitable<doctor::Findings> configuration_set_of(SesRegions& ses,
                                                       std::string region,
                                                       std::string name,
                                                       bool feed) {
  const auto answered = co_await ses.in(region).get_configuration_set(name);
  co_return doctor::judge_configuration_set(name, region, answered, feed);
}

/// Of a catalog that has domains.
DnsWanted dns_wanted(const domains::Catalog& catalog, std::vector<config::Endpoint> servers) {
  DnsWanted wanted{.servers = std::move(servers), .name = catalog.domains.begin()->first};
  for (const auto& [name, domain] : catalog.domains) {
    if (!domain->trusted) {
      if (!wanted.needed) wanted.name = name;
      wanted.needed = true;
    } else if (domain->signing == policy::SigningMode::local && domain->signer &&
               wanted.signing.size() < most_signing_domains) {
      wanted.signing.push_back(domains::setup_of(*domain, {}, {}));
      for (policy::SelectorSetup& selector : wanted.signing.back().selectors)
        selector.signs = selector.selector == domain->signer->selector();
    }
  }
  return wanted;
}

void add_ses(std::vector<Look>& looks,
             SesRegions* ses,
             const config::Config& settings,
             const domains::Catalog& catalog,
             bool feed) {
  for (const std::string& region : ses_regions(settings))
    if (ses)
      looks.push_back({"account " + region, [ses, region] { return account_of(*ses, region); }});
  std::size_t added = 0;
  for (const auto& [region, name] : configuration_sets(settings, catalog)) {
    if (!ses || ++added > most_configuration_sets) break;
    looks.push_back({"configuration set " + name, [ses, region = region, name = name, feed] {
                       return configuration_set_of(*ses, region, name, feed);
                     }});
  }
}

doctor::Findings left_unseen(const config::Config& settings, const SesRegions* ses) {
  doctor::Findings findings;
  if (ses_regions(settings).empty()) return findings;
  if (!ses)
    findings.push_back({"ses api",
                        doctor::Grade::warn,
                        "it is not asked: account, quota and configuration set stay unseen",
                        "Set `aws.region`, and `aws.identities` to read."});
  for (const config::Upstream& upstream : settings.upstreams)
    if (upstream.kind == config::UpstreamKind::ses && upstream.configuration_set.empty())
      findings.push_back({"configuration set " + upstream.name,
                          doctor::Grade::warn,
                          "none is named: SES tells nothing of bounces and complaints",
                          "Make one with an event destination, and name it in "
                          "`upstream.configuration_set`."});
  return findings;
}

}  // namespace

std::vector<Look> Relay::looks() {
  std::vector<Look> looks;
  const auto catalog = registry_->catalog();
  looks.reserve(settings_.upstreams.size());
  for (const config::Upstream& upstream : settings_.upstreams)
    looks.push_back({"upstream " + upstream.name, [this, upstream] {
                       return look_at_upstream(upstream, settings_.hostname, clock_);
                     }});
  const bool feed = feedback_->seen().topics || feedback_->seen().queue;
  add_ses(looks, aws_.ses.get(), settings_, *catalog, feed);
  if (!catalog->domains.empty())
    looks.push_back({"dns", [this, wanted = dns_wanted(*catalog, settings_.dns.servers)] {
                       return look_at_dns(checks_->resolver(), wanted, [this](auto what) {
                         recorder_.internal_error(what, "doctor");
                       });
                     }});
  for (const config::SmtpListener& listener : settings_.smtp)
    if (listener.endpoint.port != 0)
      looks.push_back({"listener " + listener.endpoint.address,
                       [listener] { return look_at_listener(listener); }});
  return looks;
}

asio::awaitable<doctor::Findings> Relay::examine() {
  doctor::Findings findings = left_unseen(settings_, aws_.ses.get());
  std::vector<Look> wanted = looks();
  doctor::Findings looked = co_await take_looks(std::move(wanted), [this](std::string_view what) {
    recorder_.internal_error(what, "doctor");
  });
  const auto take = [&findings](doctor::Findings more) {
    std::ranges::move(more, std::back_inserter(findings));
  };
  take(std::move(looked));
  take(domains_of(*registry_->catalog()));
  if (certificate_expires_)
    findings.push_back(
        doctor::judge_certificate(settings_.certificate, *certificate_expires_, clock_.now()));
  findings.push_back(doctor::judge_feed(feedback_->seen(), clock_.now()));
  findings.push_back(doctor::judge_clock(courier_services_->clock_steady));
  take(look_at_files(settings_));
  co_return findings;
}

}  // namespace app
