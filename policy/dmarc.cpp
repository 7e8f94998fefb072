#include "policy/dmarc.hpp"

#include "mail/header_fields.hpp"
#include "policy/address_syntax.hpp"
#include "policy/public_suffix.hpp"
#include "policy/tag_list.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace policy {
namespace {

using syntax::is_digit;

constexpr std::size_t max_record_octets = 4096;
constexpr std::size_t max_reports = 10;
constexpr unsigned whole = 100;  // percent

constexpr bool is_letter(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// The value of a tag, or null.
const std::string* value_of(const std::vector<Tag>& tags, std::string_view name) noexcept {
  const Tag* tag = find_tag(tags, name);
  return tag == nullptr ? nullptr : &tag->value;
}

constexpr std::array<std::string_view, 3> policy_words{"none", "quarantine", "reject"};

std::optional<DmarcPolicy> policy_of(std::string_view value) noexcept {
  for (std::size_t i = 0; i < policy_words.size(); ++i)
    if (mail::equals_ignoring_case(value, policy_words[i])) return static_cast<DmarcPolicy>(i);
  return std::nullopt;
}

unsigned percent_of(const std::string* value) noexcept {
  if (value == nullptr || !std::all_of(value->begin(), value->end(), is_digit)) return whole;
  unsigned percent = whole;
  const auto read = std::from_chars(value->data(), value->data() + value->size(), percent);
  return read.ec == std::errc() && percent <= whole ? percent : whole;
}

/// scheme ":" and something printable (RFC 3986 3).
bool is_uri(std::string_view text) noexcept {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos || colon + 1 == text.size() || !is_letter(text.front()))
    return false;
  const std::string_view scheme = text.substr(0, colon);
  return std::all_of(scheme.begin(),
                     scheme.end(),
                     [](char c) {
                       return is_letter(c) || is_digit(c) || c == '+' || c == '-' || c == '.';
                     }) &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

/// `mailto:a@example.com!10m, mailto:b@example.com`: the size limits say nothing here.
std::vector<std::string> reports_of(const std::string* value) {
  std::vector<std::string> reports;
  std::string_view rest = value == nullptr ? std::string_view() : std::string_view(*value);
  while (!rest.empty() && reports.size() < max_reports) {
    const std::string_view element = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(element.size() + 1, rest.size()));
    const std::string_view uri = mail::trim(element.substr(0, element.find('!')));
    if (is_uri(uri)) reports.emplace_back(uri);
  }
  return reports;
}

bool has_repeated_name(const std::vector<Tag>& tags) {
  std::vector<std::string_view> names;
  for (const Tag& tag : tags)
    if (!tag.name.empty()) names.push_back(tag.name);
  std::sort(names.begin(), names.end());
  return std::adjacent_find(names.begin(), names.end()) != names.end();
}

/// p= and sp= into the record, or whether one of them is not to be had.
bool read_policies(const std::vector<Tag>& tags, DmarcRecord& record) noexcept {
  const std::string* own = value_of(tags, "p");
  const std::string* below = value_of(tags, "sp");
  const auto policy = own == nullptr ? std::nullopt : policy_of(*own);
  const auto subdomain_policy = below == nullptr ? policy : policy_of(*below);
  if (!policy || !subdomain_policy) return false;
  record.policy = *policy;
  record.subdomain_policy = *subdomain_policy;
  return true;
}

bool says_strict(const std::vector<Tag>& tags, std::string_view name) noexcept {
  const std::string* value = value_of(tags, name);
  return value != nullptr && mail::equals_ignoring_case(*value, "s");
}

bool aligned(std::string_view from, std::string_view authenticated, bool strict) {
  if (authenticated.empty()) return false;
  return from == authenticated ||
         (!strict && organizational_domain(from) == organizational_domain(authenticated));
}

DmarcPolicy weaker(DmarcPolicy policy) noexcept {
  return policy == DmarcPolicy::reject ? DmarcPolicy::quarantine : DmarcPolicy::none;
}

DmarcPolicy policy_for(const DmarcRecord& record, bool inherited) noexcept {
  const DmarcPolicy policy = inherited ? record.subdomain_policy : record.policy;
  return record.percent == 0 ? weaker(policy) : policy;
}

bool has_dmarc(const DnsAnswer& answer) noexcept {
  return std::any_of(answer.records.begin(), answer.records.end(), [](const DnsRecord& record) {
    return is_dmarc(record.text);
  });
}

}  // namespace

std::string_view word(DmarcPolicy policy) noexcept {
  return policy_words[static_cast<std::size_t>(policy)];
}

bool is_dmarc(std::string_view text) noexcept {
  const auto skip_blanks = [&text] {
    text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  };
  const auto take = [&text](std::string_view word) {
    if (!text.starts_with(word)) return false;
    text.remove_prefix(word.size());
    return true;
  };
  if (!take("v") && !take("V")) return false;
  skip_blanks();
  if (!take("=")) return false;
  skip_blanks();
  if (!take("DMARC1")) return false;
  skip_blanks();
  return text.empty() || text.front() == ';';
}

mail::Result<DmarcRecord> parse_dmarc(std::string_view text) {
  if (!is_dmarc(text)) return mail::failure("A DMARC record begins with v=DMARC1; exactly so.");
  if (text.size() > max_record_octets)
    return mail::failure("The DMARC record is longer than 4096 octets: shorten it.");
  std::vector<Tag> tags = read_tags(text);
  for (Tag& tag : tags) tag.name = mail::to_lower(tag.name);
  if (has_repeated_name(tags))
    return mail::failure("A tag stands twice in the DMARC record: leave one of them.");
  DmarcRecord record;
  record.reports = reports_of(value_of(tags, "rua"));
  if (!read_policies(tags, record) && record.reports.empty()) {
    return mail::failure(
        "The DMARC record has no valid policy: write p=none, p=quarantine or p=reject, and sp= "
        "likewise or not at all.");
  }
  record.strict_dkim = says_strict(tags, "adkim");
  record.strict_spf = says_strict(tags, "aspf");
  record.percent = percent_of(value_of(tags, "pct"));
  return record;
}

std::optional<DmarcRecord> choose_dmarc(std::span<const DnsRecord> records) {
  const DnsRecord* only = nullptr;
  for (const DnsRecord& record : records) {
    if (!is_dmarc(record.text)) continue;
    if (only != nullptr) return std::nullopt;
    only = &record;
  }
  if (only == nullptr) return std::nullopt;
  auto record = parse_dmarc(only->text);
  return record ? std::optional(*std::move(record)) : std::nullopt;
}

DmarcFacts discover_dmarc(const DnsAnswer& own, const DnsAnswer* organizational) {
  if (own.outcome == DnsOutcome::failed) return {};
  if (organizational == nullptr || has_dmarc(own))
    return {.known = true, .record = choose_dmarc(own.records), .inherited = false};
  if (organizational->outcome == DnsOutcome::failed) return {};
  auto record = choose_dmarc(organizational->records);
  const bool inherited = record.has_value();
  return {.known = true, .record = std::move(record), .inherited = inherited};
}

std::optional<DmarcJudgement> judge_dmarc(const DmarcFacts& facts, const DmarcSight& sight) {
  if (!facts.known) return std::nullopt;
  const DmarcRecord record = facts.record.value_or(DmarcRecord{});
  return DmarcJudgement{
      .from_domain = std::string(sight.from_domain),
      .by_dkim = aligned(sight.from_domain, sight.signing_domain, record.strict_dkim),
      .by_spf = aligned(sight.from_domain, sight.spf_domain, record.strict_spf),
      .policy = policy_for(record, facts.inherited),
      .published = facts.record.has_value()};
}

}  // namespace policy
