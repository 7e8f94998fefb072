#include "policy/evaluate.hpp"

#include "policy/address.hpp"
#include "policy/domain_state.hpp"
#include "policy/reply.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace policy {
namespace {

constexpr std::size_t max_domains_octets = 90;   // in a sentence
constexpr std::size_t max_trouble_octets = 160;  // the same

/// The names that can be recommended: those that may send, or all where none may.
std::vector<std::string_view> names_to_use(const AppFacts& app) {
  std::vector<std::string_view> sending;
  std::vector<std::string_view> all;
  for (const SenderDomain& domain : app.domains) {
    all.push_back(domain.name);
    if (may_send(domain.status)) sending.push_back(domain.name);
  }
  return sending.empty() ? all : sending;
}

/// "example.com or example.org", shortened where there are many.
std::string domains_of(const AppFacts& app) {
  const auto names = names_to_use(app);
  if (names.empty()) return "a domain that is set up for it (none is yet)";
  std::string text;
  std::size_t named = 0;
  for (const std::string_view name : names) {
    if (named > 0 && text.size() + name.size() > max_domains_octets) break;
    text += (named > 0 ? " or " : "") + printable(name, max_domains_octets);
    ++named;
  }
  if (named < names.size()) text += " or " + std::to_string(names.size() - named) + " more";
  return text;
}

/// An address whose domain, where what is wrong stands, is cut last.
std::string shown(const Address& address) {
  constexpr std::size_t most = 44;
  const std::string domain = printable(address.domain, most - 5);
  return printable(address.local_part, most - 1 - domain.size()) + '@' + domain;
}

/// Who can be asked.
std::string contact_of(const AppFacts& app) {
  return app.contact.empty() ? "the operator of the relay" : printable(app.contact, 80);
}

std::string use_own_address(const AppFacts& app) {
  return "Use an address at " + domains_of(app) + "; put the visitor in Reply-To";
}

std::string_view without_final_stop(std::string_view sentence) noexcept {
  if (sentence.ends_with('.')) sentence.remove_suffix(1);
  return sentence;
}

/// Why a domain that may not send now may not, and what mends it, or nothing if it may.
std::optional<std::string> domain_fault(const SenderDomain& domain) {
  std::string_view standing;
  std::string_view mend;
  switch (domain.status) {
    case DomainStatus::verified:
    case DomainStatus::warning:
      return std::nullopt;
    case DomainStatus::pending:
      standing = " is not verified yet. ";
      mend = "Publish its DNS records and wait until they are found";
      break;
    case DomainStatus::failed:
      standing = " was not verified in time. ";
      mend = "Publish its DNS records and have it verified again";
      break;
    case DomainStatus::revoked:
      standing = " is no longer verified. ";
      mend = "Mend its DNS records and have it verified again";
      break;
  }
  if (!domain.trouble.empty()) mend = without_final_stop(domain.trouble);
  return "the domain " + printable(domain.name) + std::string(standing) +
         printable(mend, max_trouble_octets);
}

Refusal refusal_of(Reason reason, const std::string& what, std::string evidence) {
  return {.reason = reason,
          .status = std::nullopt,
          .sentence = "Not sent: " + what,
          .evidence = std::move(evidence)};
}

/// What a blocked app's administrator is told: why, for how long, and what to do.
Refusal blocked(const AppFacts& app) {
  constexpr std::size_t most_why = 110;
  std::string what = "mail for " + printable(app.name) + " is switched off";
  if (app.standing_until) what += " until " + minute_of(*app.standing_until);
  if (app.standing_why.empty())
    what += ", for too much of it bounced or was complained of. Mend the cause, then contact ";
  else
    what += ": " + printable(without_final_stop(app.standing_why), most_why) + ". Contact ";
  return refusal_of(Reason::blocked, what + contact_of(app), app.name);
}

Refusal refusal_of(const Finding& finding) {
  const std::string_view mend =
      finding.mend.empty() ? row(finding.reason).mend : std::string_view(finding.mend);
  return refusal_of(finding.reason,
                    finding.what + ". " + std::string(without_final_stop(mend)),
                    finding.evidence);
}

std::string megabytes(std::uint64_t octets) {
  constexpr std::uint64_t mebi = std::uint64_t{1024} * 1024;
  const std::uint64_t tenths = (octets * 10 + mebi - 1) / mebi;
  return std::to_string(tenths / 10) + (tenths % 10 == 0 ? "" : '.' + std::to_string(tenths % 10)) +
         " MB";
}

Verdict judge_size(const AppFacts& app, std::uint64_t octets) {
  if (octets <= app.limits.message_size) return std::nullopt;
  return refusal_of(Reason::too_big,
                    megabytes(octets) + ", the limit is " + megabytes(app.limits.message_size) +
                        ". Put large content on the site and mail a link",
                    std::to_string(octets) + " octets");
}

/// An originator mailbox: its domain must be the app's and verified.
Verdict judge_originator(const AppFacts& app,
                         Reason reason,
                         std::string_view field,
                         const Address& address) {
  const SenderDomain* domain = covering_domain(app, address.domain);
  if (domain == nullptr) {
    return refusal_of(reason,
                      std::string(field) + shown(address) + " may not be used as sender by " +
                          printable(app.name) + ". " + use_own_address(app),
                      address.text());
  }
  if (const auto fault = domain_fault(*domain)) return refusal_of(reason, *fault, address.text());
  return std::nullopt;
}

Verdict judge_originators(const AppFacts& app, const Summary& summary) {
  for (const Address& address : summary.from) {
    if (auto verdict = judge_originator(app, Reason::from_domain, "From: ", address))
      return verdict;
  }
  for (const Address& address : summary.sender) {
    if (auto verdict = judge_originator(app, Reason::from_domain, "Sender: ", address))
      return verdict;
  }
  return std::nullopt;
}

Verdict judge_findings(const Summary& summary, Reason reason, bool framing) {
  for (const Finding& finding : summary.findings) {
    if (finding.reason == reason && finding.framing == framing) return refusal_of(finding);
  }
  return std::nullopt;
}

Verdict judge_originator_syntax(const Summary& summary) {
  if (!summary.originator_fault) return std::nullopt;
  return refusal_of(Reason::malformed,
                    "the message is not valid mail (" + printable(*summary.originator_fault, 100) +
                        "). Set a plain address as the site's sender in the mail settings",
                    *summary.originator_fault);
}

/// d= of the signatures made for a domain.
std::string_view signature_domain(const SenderDomain& domain) noexcept {
  return domain.signing_domain.empty() ? domain.name : domain.signing_domain;
}

/// How bad a judgement is: 0 where it passes.
int severity(const DmarcJudgement& judgement) noexcept {
  return judgement.passes() ? 0 : 1 + static_cast<int>(judgement.policy);
}

Verdict judge_alignment(const AppFacts& app, const Summary& summary) {
  const auto judgement = dmarc_sight(app, summary);
  if (!judgement || judgement->passes() || judgement->policy != DmarcPolicy::reject)
    return std::nullopt;
  const std::string from = printable(judgement->from_domain);
  const std::string signs = printable(signature_domain(*signing_domain(app, summary)));
  return refusal_of(Reason::dmarc,
                    from + " publishes DMARC p=reject, but this mail is signed as " + signs +
                        ". Use a From address at " + signs + ", or set up " + from +
                        " as a domain of its own",
                    judgement->from_domain);
}

bool at_or_below(std::string_view name, std::string_view domain) noexcept {
  return name.ends_with(domain) &&
         (name.size() == domain.size() || name[name.size() - domain.size() - 1] == '.');
}

}  // namespace

const SenderDomain* covering_domain(const AppFacts& app, std::string_view domain) noexcept {
  const SenderDomain* closest = nullptr;
  for (const SenderDomain& candidate : app.domains) {
    if (domain == candidate.name) return &candidate;
    const bool closer = closest == nullptr || candidate.name.size() > closest->name.size();
    if (closer && candidate.subdomains && at_or_below(domain, candidate.name)) closest = &candidate;
  }
  if (closest == nullptr) return nullptr;
  const auto covers = [domain](const std::string& name) { return at_or_below(domain, name); };
  return std::none_of(closest->foreign.begin(), closest->foreign.end(), covers) ? closest : nullptr;
}

const SenderDomain* signing_domain(const AppFacts& app, const Summary& summary) noexcept {
  return summary.from.empty() ? nullptr : covering_domain(app, summary.from.front().domain);
}

std::string_view unknown_from(const AppFacts& app, const Summary& summary) noexcept {
  for (const Address& address : summary.from) {
    const SenderDomain* covering = covering_domain(app, address.domain);
    if (covering != nullptr && !covering->dmarc.empty() &&
        !covering->dmarc.contains(address.domain))
      return address.domain;
  }
  return {};
}

std::optional<DmarcJudgement> dmarc_sight(const AppFacts& app, const Summary& summary) {
  const SenderDomain* signs = signing_domain(app, summary);
  if (signs == nullptr) return std::nullopt;
  std::optional<DmarcJudgement> worst;
  for (const Address& address : summary.from) {
    const SenderDomain* covering = covering_domain(app, address.domain);
    if (covering == nullptr) continue;
    const auto facts = covering->dmarc.find(address.domain);
    if (facts == covering->dmarc.end()) continue;
    auto judgement = judge_dmarc(facts->second,
                                 {.from_domain = address.domain,
                                  .signing_domain = signature_domain(*signs),
                                  .spf_domain = signs->spf_domain});
    if (judgement && (!worst || severity(*judgement) > severity(*worst)))
      worst = std::move(judgement);
  }
  return worst;
}

Verdict judge_mail(const AppFacts& app,
                   std::string_view reverse_path,
                   std::uint64_t declared_size) {
  if (app.blocked) return blocked(app);
  if (reverse_path.empty()) {
    return refusal_of(
        Reason::sender_domain, "the sender is empty (<>). " + use_own_address(app), "<>");
  }
  const auto path = parse_path(reverse_path);
  if (!path) {
    return refusal_of(Reason::sender_domain,
                      printable(reverse_path) + " is not a valid sender, " +
                          printable(without_final_stop(path.error().sentence), 80) + ". " +
                          use_own_address(app),
                      std::string(reverse_path));
  }
  if (auto verdict = judge_originator(app, Reason::sender_domain, "", *path)) return verdict;
  return judge_size(app, declared_size);
}

Verdict judge_queue(const AppFacts& app, const QueueLoad& queued) {
  const Limits& limits = app.limits;
  std::string what;
  if (limits.queued_messages && queued.messages >= *limits.queued_messages) {
    what = std::to_string(queued.messages) + " messages of " + printable(app.name) +
           " wait in the relay, the limit is " + std::to_string(*limits.queued_messages);
  } else if (limits.queued_bytes && queued.octets >= *limits.queued_bytes) {
    what = megabytes(queued.octets) + " of " + printable(app.name) +
           " wait in the relay, the limit is " + megabytes(*limits.queued_bytes);
  } else {
    return std::nullopt;
  }
  return refusal_of(
      Reason::quota,
      what + ". Ask " + contact_of(app) + " why they do not leave; Drupal will not retry this mail",
      what);
}

Verdict judge_recipient(std::string_view forward_path) {
  const auto path = parse_path(forward_path);
  std::string fault;
  std::optional<Status> status;
  if (path) {
    if (path->domain.find('.') != std::string::npos) return std::nullopt;
    fault = "its domain has no dot";
  } else {
    fault = std::string(without_final_stop(path.error().sentence));
    if (path.error().fault == PathFault::non_ascii_local) status = Status{553, 6, 7};
  }
  Refusal refusal = refusal_of(Reason::recipient,
                               "not a valid address: " + printable(forward_path) + ", " +
                                   printable(fault, 80) + ". Correct the recipient's address",
                               std::string(forward_path));
  refusal.status = status;
  if (status) {
    refusal.sentence =
        "Not sent: addresses with non-ASCII characters before the @ cannot be reached: " +
        printable(forward_path) + ". Correct the recipient's address";
  }
  return refusal;
}

Verdict judge_data(const AppFacts& app, const Envelope& envelope) {
  const std::size_t recipients = envelope.forward_paths.size();
  if (recipients <= app.limits.recipients_per_message) return std::nullopt;
  const std::string count = std::to_string(recipients) + " recipients";
  Refusal refusal = refusal_of(Reason::bulk, "", count);
  refusal.status = Status{550, 5, 3};
  refusal.sentence = "Not sent to anyone: " + count + ", the limit is " +
                     std::to_string(app.limits.recipients_per_message) +
                     ". Send one mail per person";
  return refusal;
}

Verdict judge_message(const AppFacts& app, const Summary& summary) {
  if (auto verdict = judge_findings(summary, Reason::malformed, true)) return verdict;
  if (auto verdict = judge_size(app, summary.size)) return verdict;
  if (auto verdict = judge_originators(app, summary)) return verdict;
  if (auto verdict = judge_findings(summary, Reason::attachment, false)) return verdict;
  if (auto verdict = judge_findings(summary, Reason::loop, false)) return verdict;
  if (auto verdict = judge_originator_syntax(summary)) return verdict;
  if (auto verdict = judge_findings(summary, Reason::malformed, false)) return verdict;
  if (auto verdict = judge_alignment(app, summary)) return verdict;
  return judge_findings(summary, Reason::bulk, false);
}

}  // namespace policy
