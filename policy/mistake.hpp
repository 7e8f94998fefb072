#pragma once

#include <cstdint>
#include <string_view>

namespace policy {

/// What people and control panels do to records, by name.
enum class Mistake : std::uint8_t {
  // of any record
  record_missing,
  zone_doubled,        ///< the panel appended the zone to a name that had it
  subdomain_left_out,  ///< the record stands at the parent zone instead
  label_left_out,      ///< it stands at the domain itself
  underscore_missing,
  below_www,
  cname_in_the_way,  ///< a CNAME stands where another type belongs
  wildcard_answers,
  quotes_in_value,
  split_in_value,  ///< the `" "` between character-strings became part of the text
  backslashes_in_value,
  spaces_in_value,
  line_pasted,  ///< a whole line of a zone file as the value
  trailing_junk,
  value_cut,
  case_changed,
  separators_wrong,  ///< tags without semicolons between them
  version_wrong,
  version_not_first,
  tag_repeated,
  // of the ownership record
  challenge_of_another,
  challenge_prefix_missing,
  // of a DKIM key
  domainkey_missing,
  selector_missing,
  selector_wrong,
  pem_armour,
  private_key_published,
  key_revoked,
  key_missing,
  key_cut,
  key_type_wrong,
  key_not_base64,
  key_spaced,  ///< advice
  key_in_two_records,
  key_of_other_selector,
  key_of_another,
  key_refused,  ///< libopendkim's word alone
  two_keys,
  text_beside_key,  ///< advice
  sha256_excluded,
  mail_excluded,
  testing_flag,  ///< advice
  // of SES's CNAMEs
  cname_proxied,
  cname_flattened,
  cname_as_text,
  token_swapped,
  // of targets, CNAME and MX
  zone_appended,
  target_wrong,
  // of the MAIL FROM domain
  region_wrong,
  several_mx,
  mx_address,
  mx_preference,
  // of SPF
  two_spf,
  spf_elsewhere,
  spf_joined,  ///< two records in one text
  spf_term_unknown,
  spf_address_wrong,
  spf_redirect_unused,
  spf_without_ses,
  spf_ses_after_all,
  spf_ses_negated,
  spf_allows_all,
  spf_include_dead,
  spf_too_many_lookups,
  spf_void_lookups,
  spf_refused,  ///< libspf2's word alone
  // of DMARC
  two_dmarc,
  dmarc_policy_missing,
  dmarc_policy_unknown,
  dmarc_report_scheme,
  dmarc_malformed,
  dmarc_rejects_own_mail,
  // of SES's identity
  identity_unverified,
};

/// Stands in API and `--json`: the enumerator's name with hyphens.
[[nodiscard]] std::string_view word(Mistake mistake) noexcept;

/// What is wrong, in one clause that begins a sentence: "The zone stands twice in the name".
[[nodiscard]] std::string_view cause(Mistake mistake) noexcept;

}  // namespace policy
