#include "policy/doctor/dmarc_faults.hpp"

#include "mail/header_fields.hpp"
#include "policy/dmarc.hpp"
#include "policy/doctor/finding.hpp"
#include "policy/tag_list.hpp"

#include <algorithm>

namespace policy::doctor {
namespace {

bool is_readable(std::string_view text) { return parse_dmarc(text).has_value(); }

/// Whether every address for reports has its scheme (RFC 7489 6.2).
bool has_schemes(std::string_view list) {
  while (!list.empty()) {
    const auto end = std::min(list.find(','), list.size());
    const std::string_view address = mail::trim(list.substr(0, end));
    if (!address.empty() && !mail::starts_with_ignoring_case(address, "mailto:")) return false;
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return true;
}

}  // namespace

bool looks_like_dmarc(std::string_view text) {
  const std::string dense = mail::to_lower(without_white_space(text));
  return dense.find("v=dmarc") != std::string::npos || dense.starts_with("dmarc") ||
         dense.starts_with("p=");
}

std::optional<Mistake> dmarc_fault(std::string_view text) {
  if (const auto mistake = is_readable(text) ? std::nullopt : damage(text, is_readable))
    return mistake;
  const std::vector<Tag> tags = read_tags(text);
  const Tag* version = find_tag(tags, "v");
  if (version == nullptr) return Mistake::version_wrong;
  const bool holds_another = version->value.find_first_of("=,") != std::string::npos;
  if (holds_another && find_tag(tags, "p") == nullptr) return Mistake::separators_wrong;
  if (version->value != "DMARC1") return Mistake::version_wrong;
  if (version != &tags.front()) return Mistake::version_not_first;
  const Tag* policy = find_tag(tags, "p");
  if (policy == nullptr) return Mistake::dmarc_policy_missing;
  const std::string word = mail::to_lower(policy->value);
  if (word.find_first_of("=,") != std::string::npos) return Mistake::separators_wrong;
  if (word != "none" && word != "quarantine" && word != "reject")
    return Mistake::dmarc_policy_unknown;
  const Tag* reports = find_tag(tags, "rua");
  if (reports != nullptr && !has_schemes(reports->value)) return Mistake::dmarc_report_scheme;
  if (!is_readable(text)) return Mistake::dmarc_malformed;
  return std::nullopt;
}

}  // namespace policy::doctor
