#include "policy/mistake.hpp"

#include <array>
#include <cstddef>

namespace policy {
namespace {

struct Row {
  Mistake mistake;
  std::string_view word;
  std::string_view cause;
};

constexpr std::size_t mistakes = static_cast<std::size_t>(Mistake::identity_unverified) + 1;

constexpr std::array<Row, mistakes> mistake_rows{{
    {Mistake::record_missing, "record-missing", "The record is not published"},
    {Mistake::zone_doubled,
     "zone-doubled",
     "The zone stands twice in the name, because the DNS provider appends it by itself (enter the "
     "name without it)"},
    {Mistake::subdomain_left_out,
     "subdomain-left-out",
     "The record stands at the parent domain, the sub-domain is missing from its name"},
    {Mistake::label_left_out,
     "label-left-out",
     "The record stands at the domain itself, the front of its name is missing"},
    {Mistake::underscore_missing, "underscore-missing", "The underscore in the name is missing"},
    {Mistake::below_www, "below-www", "The record stands below www"},
    {Mistake::cname_in_the_way,
     "cname-in-the-way",
     "A CNAME stands at this name, and nothing else can stand beside it"},
    {Mistake::wildcard_answers,
     "wildcard-answers",
     "The record is missing, and a wildcard record answers in its place"},
    {Mistake::quotes_in_value,
     "quotes-in-value",
     "Quotation marks became part of the value, because the DNS provider adds its own"},
    {Mistake::split_in_value,
     "split-in-value",
     "The quotation marks between two pieces of the value became part of it"},
    {Mistake::backslashes_in_value,
     "backslashes-in-value",
     "Backslashes became part of the value, because the DNS provider adds its own"},
    {Mistake::spaces_in_value, "spaces-in-value", "White space got into the value"},
    {Mistake::line_pasted,
     "line-pasted",
     "A whole line of a zone file was entered, where only the value belongs"},
    {Mistake::trailing_junk,
     "trailing-junk",
     "Something that does not belong there stands before or behind the value"},
    {Mistake::value_cut, "value-cut", "The value is cut off"},
    {Mistake::case_changed, "case-changed", "Capital and small letters of the value were changed"},
    {Mistake::separators_wrong,
     "separators-wrong",
     "The tags are not separated by semicolons, so that they are read as one"},
    {Mistake::version_wrong, "version-wrong", "The version at the front is misspelt"},
    {Mistake::version_not_first, "version-not-first", "The version is not the first tag"},
    {Mistake::tag_repeated, "tag-repeated", "A tag stands twice in the value"},
    {Mistake::challenge_of_another,
     "challenge-of-another",
     "The challenge is that of another relay or of another domain"},
    {Mistake::challenge_prefix_missing,
     "challenge-prefix-missing",
     "The value lacks postern-challenge= at its front"},
    {Mistake::domainkey_missing, "domainkey-missing", "The name lacks the label _domainkey"},
    {Mistake::selector_missing, "selector-missing", "The name lacks the selector"},
    {Mistake::selector_wrong, "selector-wrong", "The key stands at another selector"},
    {Mistake::pem_armour,
     "pem-armour",
     "The lines BEGIN and END of the key file were published with the key"},
    {Mistake::private_key_published,
     "private-key-published",
     "This is the private key, which everybody can sign with now, so rotate the key as well"},
    {Mistake::key_revoked, "key-revoked", "An empty p= says that the key is revoked"},
    {Mistake::key_missing, "key-missing", "The record has no p= with the key"},
    {Mistake::key_cut,
     "key-cut",
     "The key is cut off; a provider that takes 255 characters wants it in several strings"},
    {Mistake::key_type_wrong, "key-type-wrong", "The k= is not the type of the key that signs"},
    {Mistake::key_not_base64, "key-not-base64", "Foreign characters got into the key"},
    {Mistake::key_spaced,
     "key-spaced",
     "White space stands inside the key, which not every receiver skips"},
    {Mistake::key_in_two_records,
     "key-in-two-records",
     "The key was split over two records, where it belongs in one of several strings"},
    {Mistake::key_of_other_selector,
     "key-of-other-selector",
     "This is the key of the domain's other selector"},
    {Mistake::key_of_another, "key-of-another", "This is another key than the one that signs"},
    {Mistake::key_refused, "key-refused", "Receivers cannot verify with this record"},
    {Mistake::two_keys,
     "two-keys",
     "Several keys stand at the name, and receivers take any one of them"},
    {Mistake::text_beside_key,
     "text-beside-key",
     "Another text stands beside the key, and some receivers read that"},
    {Mistake::sha256_excluded, "sha256-excluded", "The h= excludes sha256, which signs"},
    {Mistake::mail_excluded, "mail-excluded", "The s= excludes email"},
    {Mistake::testing_flag,
     "testing-flag",
     "The t=y says that signatures are a test, and receivers ignore them"},
    {Mistake::cname_proxied,
     "cname-proxied",
     "Addresses stand here instead of the CNAME: the proxy of the DNS provider is on, and has to "
     "be off (\"DNS only\")"},
    {Mistake::cname_flattened,
     "cname-flattened",
     "The DNS provider flattens the CNAME into the text that it leads to, which SES does not take"},
    {Mistake::cname_as_text, "cname-as-text", "The record was made as TXT instead of CNAME"},
    {Mistake::token_swapped, "token-swapped", "The CNAME leads to another of the three targets"},
    {Mistake::zone_appended,
     "zone-appended",
     "The DNS provider appended the zone to the target; a dot at its end prevents that"},
    {Mistake::target_wrong, "target-wrong", "The record leads elsewhere"},
    {Mistake::region_wrong, "region-wrong", "The MX is that of another region of SES"},
    {Mistake::several_mx, "several-mx", "SES refuses a MAIL FROM domain with several MX records"},
    {Mistake::mx_address, "mx-address", "An MX record takes a host name, not an address"},
    {Mistake::mx_preference,
     "mx-preference",
     "The preference has a field of its own and does not belong to the host name"},
    {Mistake::two_spf,
     "two-spf",
     "Several SPF records stand here, and receivers then accept none of them"},
    {Mistake::spf_elsewhere, "spf-elsewhere", "The SPF record stands at a name that nobody asks"},
    {Mistake::spf_joined, "spf-joined", "Two SPF records were joined into one text"},
    {Mistake::spf_term_unknown,
     "spf-term-unknown",
     "SPF knows no such term, and receivers then ignore the record"},
    {Mistake::spf_address_wrong,
     "spf-address-wrong",
     "What follows ip4: or ip6: is not an address of that kind"},
    {Mistake::spf_redirect_unused,
     "spf-redirect-unused",
     "A redirect is never followed where an all stands"},
    {Mistake::spf_without_ses, "spf-without-ses", "SES is not among the senders allowed"},
    {Mistake::spf_ses_after_all,
     "spf-ses-after-all",
     "The include of SES stands behind all, where nobody reads on"},
    {Mistake::spf_ses_negated,
     "spf-ses-negated",
     "The sign in front of the include of SES forbids it instead of allowing it"},
    {Mistake::spf_allows_all, "spf-allows-all", "The +all allows everybody to send as this domain"},
    {Mistake::spf_include_dead,
     "spf-include-dead",
     "An include leads to a name without one SPF record, which breaks the whole record"},
    {Mistake::spf_too_many_lookups,
     "spf-too-many-lookups",
     "The record needs more than the ten lookups that receivers make; where the new one names "
     "addresses instead of a service, look again when that service moves"},
    {Mistake::spf_void_lookups,
     "spf-void-lookups",
     "More than two names in the record lead to nothing, which receivers take for an error"},
    {Mistake::spf_refused, "spf-refused", "Receivers evaluate the record and do not find SES"},
    {Mistake::two_dmarc,
     "two-dmarc",
     "Several DMARC records stand here, and receivers then ignore all of them"},
    {Mistake::dmarc_policy_missing, "dmarc-policy-missing", "The record has no p= with the policy"},
    {Mistake::dmarc_policy_unknown,
     "dmarc-policy-unknown",
     "The policy is not one of none, quarantine and reject"},
    {Mistake::dmarc_report_scheme,
     "dmarc-report-scheme",
     "The addresses for reports lack mailto: at their front"},
    {Mistake::dmarc_malformed, "dmarc-malformed", "The record cannot be read"},
    {Mistake::dmarc_rejects_own_mail,
     "dmarc-rejects-own-mail",
     "The policy is reject, while neither DKIM nor SPF aligns: receivers reject this domain's own "
     "mail until the DKIM record is right"},
    {Mistake::identity_unverified, "identity-unverified", "SES has not verified the domain"},
}};

constexpr bool in_order() {
  for (std::size_t i = 0; i < mistake_rows.size(); ++i)
    if (static_cast<std::size_t>(mistake_rows[i].mistake) != i) return false;
  return true;
}
static_assert(in_order(), "one row a mistake, in the order of the enumeration");

constexpr const Row& row(Mistake mistake) noexcept {
  return mistake_rows[static_cast<std::size_t>(mistake)];
}

}  // namespace

std::string_view word(Mistake mistake) noexcept { return row(mistake).word; }

std::string_view cause(Mistake mistake) noexcept { return row(mistake).cause; }

}  // namespace policy
