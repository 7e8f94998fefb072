#include "policy/record_plan.hpp"

#include "mail/header_fields.hpp"
#include "policy/doctor/dmarc_faults.hpp"
#include "policy/doctor/spf_faults.hpp"
#include "policy/reply.hpp"
#include "policy/spf_record.hpp"
#include "policy/tag_list.hpp"

#include <algorithm>
#include <array>

namespace policy {
namespace {

constexpr std::size_t longest_text = 2000;  // of a published record that is kept

bool is_plain(std::string_view text) { return printable(text, longest_text) == text; }

std::string first_dmarc(std::string_view policy_word, const std::string& report_address) {
  std::string value = "v=DMARC1; p=" + std::string(policy_word);
  if (!report_address.empty()) value += "; rua=mailto:" + report_address;
  return value;
}

/// The addresses of a damaged rua=, each with its scheme.
std::string mended_reports(std::string_view list) {
  std::string reports;
  while (!list.empty()) {
    const std::string_view address = mail::trim(list.substr(0, list.find(',')));
    list.remove_prefix(std::min(list.find(','), list.size() - 1) + 1);
    if (address.find('@') == std::string_view::npos) continue;
    if (!reports.empty()) reports += ',';
    if (!mail::starts_with_ignoring_case(address, "mailto:")) reports += "mailto:";
    reports += address;
  }
  return reports;
}

/// The tags of damaged DMARC texts, of each the first.
std::vector<Tag> readable_tags(const std::vector<std::string>& published) {
  std::vector<Tag> tags;
  for (std::string text : published) {
    std::erase_if(text, [](char c) { return c == '"' || c == '\\'; });
    if (text.find(';') == std::string::npos) std::replace(text.begin(), text.end(), ',', ';');
    for (const Tag& tag : read_tags(text)) {
      const bool repeats = tag.name != "p" && find_tag(tags, tag.name) != nullptr;
      if (!repeats) tags.push_back(tag);
    }
  }
  return tags;
}

/// What can be kept of damaged DMARC texts: the strictest readable policy, the addresses for
/// reports and the other tags that are sound.
std::string mended_dmarc(const std::vector<std::string>& published,
                         const std::string& report_address) {
  constexpr std::array<std::string_view, 3> policies{"none", "quarantine", "reject"};
  constexpr std::array<std::string_view, 5> kept{"sp", "adkim", "aspf", "pct", "fo"};
  std::size_t policy = 0;
  std::string reports;
  std::string rest;
  for (const Tag& tag : readable_tags(published)) {
    const auto found = std::find(policies.begin(), policies.end(), tag.value);
    if (tag.name == "p" && found != policies.end())
      policy = std::max(policy, static_cast<std::size_t>(found - policies.begin()));
    if (tag.name == "rua") reports = mended_reports(tag.value);
    const bool is_number = tag.value.find_first_not_of("0123456789") == std::string::npos;
    const bool is_kept = std::find(kept.begin(), kept.end(), tag.name) != kept.end();
    if (is_kept && (tag.name != "pct" || is_number)) rest += "; " + tag.name + '=' + tag.value;
  }
  const std::string least = first_dmarc(policies[policy], report_address);
  const std::string whole = reports.empty()
                                ? least + rest
                                : first_dmarc(policies[policy], "") + "; rua=" + reports + rest;
  return is_plain(whole) && !doctor::dmarc_fault(whole) ? whole : least;
}

std::string dmarc_why(const std::string& value, bool stands) {
  if (!stands) {
    return "Tells receivers what to do with mail in your name that nobody signed, first nothing "
           "(p=none); when the reports have shown only your own senders for some weeks, go on to "
           "p=quarantine and then p=reject.";
  }
  if (value.find("p=reject") != std::string::npos)
    return "Receivers reject mail in your name that nobody signed: nothing to change.";
  return "The record is right; when the reports show only your own senders, go on to p=quarantine "
         "and then p=reject.";
}

/// The SPF records at the domain; where there is none, what was meant to be one.
std::vector<std::string> published_spf(const DomainSetup& setup, Inquiry& dns) {
  const std::vector<std::string> texts = dns.texts(setup.name, RecordType::txt);
  std::vector<std::string> published;
  std::copy_if(texts.begin(), texts.end(), std::back_inserter(published), is_spf);
  if (published.empty())
    std::copy_if(texts.begin(), texts.end(), std::back_inserter(published), doctor::looks_like_spf);
  return published;
}

std::string spf_why(const SpfReach& found) {
  if (found.lookups <= max_spf_lookups)
    return "Allows SES to send in the domain's own name, beside the senders that it has already.";
  return "Allows SES to send in the domain's own name, but needs " + std::to_string(found.lookups) +
         " lookups where receivers make ten: move a sender to a sub-domain of its own and take its "
         "include out.";
}

}  // namespace

WantedRecord challenge_record(const DomainSetup& setup) {
  return {.check = DomainCheck::ownership,
          .name = "_postern-challenge." + setup.name,
          .type = RecordType::txt,
          .value = setup.challenge,
          .required = true,
          .why = "Proves that you own the domain; may go once the domain is verified."};
}

WantedRecord key_record(const DomainSetup& setup, const SelectorSetup& selector) {
  return {.check = DomainCheck::dkim,
          .name = selector.selector + "._domainkey." + setup.name,
          .type = RecordType::txt,
          .value = selector.public_record,
          .required = true,
          .why = selector.signs ? "The key that receivers check this domain's signatures with."
                                : "A key that signs soon, or signed mail that may still be on its "
                                  "way."};
}

WantedRecord token_record(const DomainSetup& setup, std::string_view token) {
  return {.check = DomainCheck::dkim,
          .name = std::string(token) + "._domainkey." + setup.name,
          .type = RecordType::cname,
          .value = std::string(token) + "." + setup.dkim_zone,
          .required = true,
          .why = "Leads receivers to a key that SES signs this domain's mail with."};
}

std::string feedback_host(std::string_view region) {
  return "feedback-smtp." + std::string(region) + ".amazonses.com";
}

WantedRecord mail_from_mx(const DomainSetup& setup) {
  return {.check = DomainCheck::mail_from,
          .name = setup.mail_from,
          .type = RecordType::mx,
          .value = "10 " + feedback_host(setup.region),
          .required = true,
          .why = "Takes bounces back to SES; it has to be the only MX of this name."};
}

WantedRecord mail_from_spf(const DomainSetup& setup) {
  return {.check = DomainCheck::mail_from,
          .name = setup.mail_from,
          .type = RecordType::txt,
          .value = "v=spf1 include:amazonses.com ~all",
          .required = true,
          .why = "Allows SES to send with this name on the envelope, so that SPF aligns."};
}

WantedRecord spf_record(const DomainSetup& setup,
                        const std::vector<std::string>& published,
                        Inquiry& dns) {
  WantedRecord record{.check = DomainCheck::spf,
                      .name = setup.name,
                      .type = RecordType::txt,
                      .value = merged_spf(published, setup.name, dns)};
  record.why = spf_why(reach(spf_terms(record.value), setup.name, dns));
  return record;
}

WantedRecord dmarc_record(const DomainSetup& setup, const std::vector<std::string>& published) {
  WantedRecord record{
      .check = DomainCheck::dmarc, .name = "_dmarc." + setup.name, .type = RecordType::txt};
  const bool stands = published.size() == 1 && is_plain(published.front()) &&
                      !doctor::dmarc_fault(published.front());
  record.value = stands ? published.front() : mended_dmarc(published, setup.report_address);
  record.why = dmarc_why(record.value, stands);
  return record;
}

std::vector<WantedRecord> wanted_records(const DomainSetup& setup, const DnsAnswers& answers) {
  std::vector<WantedRecord> records;
  Inquiry dns(answers);
  if (!setup.challenge.empty()) records.push_back(challenge_record(setup));
  if (setup.signing == SigningMode::ses) {
    for (const std::string& token : setup.dkim_tokens)
      records.push_back(token_record(setup, token));
  } else {
    for (const SelectorSetup& selector : setup.selectors)
      if (!selector.removable) records.push_back(key_record(setup, selector));
  }
  if (!setup.region.empty()) {
    if (!setup.mail_from.empty()) {
      records.push_back(mail_from_mx(setup));
      records.push_back(mail_from_spf(setup));
    }
    records.push_back(spf_record(setup, published_spf(setup, dns), dns));
  }
  std::vector<std::string> published = dns.texts("_dmarc." + setup.name, RecordType::txt);
  std::erase_if(published, [](const std::string& text) { return !doctor::looks_like_dmarc(text); });
  records.push_back(dmarc_record(setup, published));
  return records;
}

}  // namespace policy
