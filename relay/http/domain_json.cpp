#include "relay/http/domain_json.hpp"

#include "policy/dmarc.hpp"
#include "policy/record_doctor.hpp"
#include "policy/record_forms.hpp"
#include "relay/http/entry_json.hpp"
#include "relay/http/scope.hpp"
#include "relay/observe/escape.hpp"

#include <boost/json/value.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <idn2.h>

namespace http {

namespace {

namespace json = boost::json;
using policy::CheckResult;
using policy::DomainCheck;

std::string_view result_word(CheckResult result) {
  switch (result) {
    case CheckResult::unknown:
      return "unknown";
    case CheckResult::good:
      return "good";
    case CheckResult::bad:
      return "bad";
    case CheckResult::silent:
      break;
  }
  return "silent";
}

// As people read it; null where that is the name itself.
json::value unicode_of(const std::string& name) {
  char* found = nullptr;
  const int status = idn2_to_unicode_8z8z(name.c_str(), &found, 0);
  const std::unique_ptr<char, decltype(&idn2_free)> owner(found, &idn2_free);
  if (status != IDN2_OK || name == found) return nullptr;
  return json::value(observe::valid_utf8(found));
}

const policy::CheckState& state_of(const domains::Domain& domain, DomainCheck check) {
  return domain.state.checks[static_cast<std::size_t>(check)];
}

// Whether mail does not leave, or not as it is set up, while the check is bad.
bool is_required(const domains::Domain& domain, DomainCheck check) {
  switch (check) {
    case DomainCheck::ownership:
      return !domain.trusted && !domain.state.proved;
    case DomainCheck::dkim:
      return true;
    case DomainCheck::identity:
      return !domain.trusted;
    case DomainCheck::mail_from:
      return !domain.mail_from.empty();
    case DomainCheck::spf:
    case DomainCheck::dmarc:
      break;
  }
  return false;
}

json::array checks_of(const domains::Domain& domain) {
  json::array shown;
  for (std::size_t i = 0; i < policy::domain_checks; ++i) {
    const auto check = static_cast<DomainCheck>(i);
    const policy::CheckState& state = state_of(domain, check);
    shown.push_back(json::object{
        {"check", policy::word(check)},
        {"result", result_word(state.last)},
        {"required", is_required(domain, check)},
        {"seen", time_or_null(state.seen)},
        {"stale_since", time_or_null(state.silent_since.value_or(domains::WallTime{}))}});
  }
  return shown;
}

json::array diagnoses_of(const domains::Domain& domain) {
  json::array shown;
  for (const policy::Diagnosis& diagnosis : domain.examination.diagnoses) {
    shown.push_back(json::object{{"check", policy::word(diagnosis.check)},
                                 {"mistake", policy::word(diagnosis.mistake)},
                                 {"name", text_or_null(diagnosis.name)},
                                 {"found", text_or_null(diagnosis.found)},
                                 {"expected", text_or_null(diagnosis.expected)},
                                 {"edit", text_or_null(diagnosis.edit)}});
  }
  return shown;
}

json::object identity_of(const domains::Domain& domain) {
  const domains::SesIdentity& identity = domain.identity;
  return {{"result", result_word(identity.result)},
          {"why", text_or_null(identity.why)},
          {"source", text_or_null(identity.source)},
          {"dkim_tokens", json::array(identity.dkim_tokens.begin(), identity.dkim_tokens.end())},
          {"mail_from", text_or_null(identity.mail_from)},
          {"mail_from_status", text_or_null(identity.mail_from_status)},
          {"seen", time_or_null(identity.seen)}};
}

json::array keys_of(const domains::Domain& domain) {
  json::array shown;
  for (const dkim::KeyState& key : domain.ring) {
    shown.push_back(
        json::object{{"selector", key.selector},
                     {"stage", dkim::word(key.stage)},
                     {"confirmed", key.confirmed},
                     {"made_at", time_or_null(key.made)},
                     {"since", time_or_null(key.since)},
                     {"last_signed", time_or_null(key.last_signed.value_or(domains::WallTime{}))}});
  }
  return shown;
}

// How a message from `from` will look to a receiver once SES has sent it.
json::object sight_of(const domains::Domain& domain,
                      const std::string& from,
                      const policy::DmarcFacts& facts) {
  const bool signs = domain.signing == policy::SigningMode::local ||
                     state_of(domain, DomainCheck::dkim).last == CheckResult::good;
  const bool own_envelope = state_of(domain, DomainCheck::mail_from).last == CheckResult::good;
  const policy::DmarcSight sight{
      from,
      signs ? std::string_view(domain.name) : std::string_view(),
      own_envelope ? std::string_view(domain.mail_from) : std::string_view()};
  const auto judgement = policy::judge_dmarc(facts, sight);
  json::object shown{{"from_domain", from}, {"known", facts.known}, {"inherited", facts.inherited}};
  shown["policy"] = nullptr;
  if (judgement && judgement->published) shown["policy"] = policy::word(judgement->policy);
  shown["by_dkim"] = judgement ? json::value(judgement->by_dkim) : json::value(nullptr);
  shown["by_spf"] = judgement ? json::value(judgement->by_spf) : json::value(nullptr);
  return shown;
}

json::array sights_of(const domains::Domain& domain) {
  json::array shown;
  for (const auto& [from, facts] : domain.dmarc) shown.push_back(sight_of(domain, from, facts));
  return shown;
}

json::array associations_of(const domains::Catalog& catalog,
                            const domains::Caller& caller,
                            const domains::Domain& domain) {
  json::array shown;
  for (const domains::Association& association : catalog.of_domain(domain.name)) {
    if (!sees_app(caller, association.app)) continue;
    shown.push_back(json::object{{"app", association.app},
                                 {"number", association.number},
                                 {"provisioned", association.provisioned}});
  }
  return shown;
}

}  // namespace

json::object row_of(const domains::Catalog& catalog,
                    const domains::Caller& caller,
                    const domains::Domain& domain) {
  const bool rsa = domain.algorithm == dkim::Algorithm::rsa_sha256;
  const bool local = domain.signing == policy::SigningMode::local;
  return {{"name", domain.name},
          {"unicode", unicode_of(domain.name)},
          {"status", policy::word(domain.state.status)},
          {"since", time_or_null(domain.state.since)},
          {"trouble", text_or_null(domain.trouble)},
          {"owner", text_or_null(domain.owner)},
          {"provisioned", domain.provisioned},
          {"verify", domain.trusted ? "trusted" : "dns"},
          {"subdomains", domain.subdomains},
          {"signing", local ? "local" : "ses"},
          {"algorithm", rsa ? "rsa2048" : "ed25519"},
          {"mail_from", text_or_null(domain.mail_from)},
          {"associations", associations_of(catalog, caller, domain)},
          {"checks", checks_of(domain)},
          {"added_at", time_or_null(domain.added_at)},
          {"version", domain.version}};
}

json::object to_json(const domains::Catalog& catalog,
                     const domains::Caller& caller,
                     const domains::Domain& domain,
                     const std::vector<policy::WantedRecord>& records) {
  json::object shown = row_of(catalog, caller, domain);
  shown["signs"] = domain.signer ? json::value(domain.signer->selector()) : json::value(nullptr);
  shown["unsigned_why"] = text_or_null(domain.unsigned_why);
  shown["keys"] = keys_of(domain);
  shown["identity"] = identity_of(domain);
  shown["diagnoses"] = diagnoses_of(domain);
  shown["dmarc"] = sights_of(domain);
  shown["records"] = to_json(records);
  return shown;
}

json::array to_json(const std::vector<policy::WantedRecord>& records) {
  json::array shown;
  for (const policy::WantedRecord& record : records) {
    shown.push_back(json::object{{"check", policy::word(record.check)},
                                 {"name", record.name},
                                 {"type", policy::word(record.type)},
                                 {"value", observe::valid_utf8(record.value)},
                                 {"ttl", record.ttl},
                                 {"required", record.required},
                                 {"why", record.why}});
  }
  return shown;
}

}  // namespace http
