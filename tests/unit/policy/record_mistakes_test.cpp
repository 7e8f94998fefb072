#include "policy/record_doctor.hpp"
#include "record_zone.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cctype>
#include <set>
#include <string>

using policy::CheckResult;
using policy::Diagnosis;
using policy::DomainCheck;
using policy::DomainSetup;
using policy::Mistake;
using records::first_of;
using records::key_record;
using records::Kind;
using records::public_key;
using records::result;
using records::right_zone;
using records::setup_of;
using records::Zone;

namespace {

std::string replaced(std::string text, std::string_view what, const std::string& by) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
  return text;
}

/// One mis-published zone: the right one without what stands at `cleared`, and with `lines`. In
/// them {C} is the challenge, {K1} and {K2} the records of keys, {P1} and {P2} the keys.
struct Row {
  DomainCheck check;
  Mistake mistake;
  const char* cleared;
  std::string lines;
  Kind kind = Kind::plain;
};

constexpr const char* challenge_name = "_postern-challenge.example.com";
constexpr const char* key_name = "p1._domainkey.example.com";
constexpr const char* token_name = "bbbbtoken._domainkey.example.com";
constexpr const char* envelope_name = "bounce.example.com";
constexpr const char* spf_name = "example.com";
constexpr const char* dmarc_name = "_dmarc.example.com";
constexpr const char* envelope_mx =
    "bounce.example.com MX 10 feedback-smtp.eu-central-1.amazonses.com\n";
constexpr const char* envelope_spf = "bounce.example.com TXT v=spf1 include:amazonses.com ~all\n";

const std::vector<Row>& rows() {
  using enum Mistake;
  using enum DomainCheck;
  static const std::vector<Row> rows{
      // ownership
      {ownership, record_missing, challenge_name, ""},
      {ownership,
       zone_doubled,
       challenge_name,
       "_postern-challenge.example.com.example.com TXT {C}"},
      {ownership, label_left_out, challenge_name, "example.com TXT {C}"},
      {ownership, underscore_missing, challenge_name, "postern-challenge.example.com TXT {C}"},
      {ownership, below_www, challenge_name, "_postern-challenge.www.example.com TXT {C}"},
      {ownership,
       subdomain_left_out,
       "_postern-challenge.shop.example.co.uk",
       "_postern-challenge.example.co.uk TXT {C}",
       Kind::shop},
      {ownership,
       zone_doubled,
       "_postern-challenge.shop.example.co.uk",
       "_postern-challenge.shop.example.co.uk.example.co.uk TXT {C}",
       Kind::shop},
      {ownership,
       cname_in_the_way,
       challenge_name,
       "_postern-challenge.example.com CNAME mail.invalid"},
      {ownership,
       cname_in_the_way,
       challenge_name,
       "_postern-challenge.example.com CNAME gone.invalid"},
      {ownership, wildcard_answers, challenge_name, "*.example.com TXT v=spf1 -all"},
      {ownership, wildcard_answers, challenge_name, "*.example.com CNAME mail.invalid"},
      {ownership, quotes_in_value, challenge_name, "_postern-challenge.example.com TXT \"{C}\""},
      {ownership,
       quotes_in_value,
       challenge_name,
       "_postern-challenge.example.com TXT \xE2\x80\x9C{C}\xE2\x80\x9D"},
      {ownership,
       backslashes_in_value,
       challenge_name,
       "_postern-challenge.example.com TXT \\\"{C}\\\""},
      {ownership,
       spaces_in_value,
       challenge_name,
       "_postern-challenge.example.com TXT postern-challenge= abcdefghijklmnopqrstuvwxyz234567"},
      {ownership,
       line_pasted,
       challenge_name,
       "_postern-challenge.example.com TXT _postern-challenge.example.com. 3600 IN TXT \"{C}\""},
      {ownership, trailing_junk, challenge_name, "_postern-challenge.example.com TXT {C}."},
      {ownership,
       value_cut,
       challenge_name,
       "_postern-challenge.example.com TXT postern-challenge=abcdefghijklm"},
      {ownership,
       case_changed,
       challenge_name,
       "_postern-challenge.example.com TXT POSTERN-CHALLENGE=ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"},
      {ownership,
       challenge_of_another,
       challenge_name,
       "_postern-challenge.example.com TXT postern-challenge=zzzzzzzzzzzzzzzzzzzzzzzzzz234567"},
      {ownership,
       challenge_prefix_missing,
       challenge_name,
       "_postern-challenge.example.com TXT abcdefghijklmnopqrstuvwxyz234567"},
      // DKIM, our key
      {dkim, record_missing, key_name, ""},
      {dkim, zone_doubled, key_name, "p1._domainkey.example.com.example.com TXT {K1}"},
      {dkim, domainkey_missing, key_name, "p1.example.com TXT {K1}"},
      {dkim, selector_missing, key_name, "_domainkey.example.com TXT {K1}"},
      {dkim, underscore_missing, key_name, "p1.domainkey.example.com TXT {K1}"},
      {dkim, label_left_out, key_name, "example.com TXT {K1}"},
      {dkim, selector_wrong, key_name, "default._domainkey.example.com TXT {K1}"},
      {dkim,
       subdomain_left_out,
       "p1._domainkey.shop.example.co.uk",
       "p1._domainkey.example.co.uk TXT {K1}",
       Kind::shop},
      {dkim, cname_in_the_way, key_name, "p1._domainkey.example.com CNAME key.invalid"},
      {dkim,
       cname_in_the_way,
       key_name,
       "p1._domainkey.example.com CNAME key.invalid\nkey.invalid TXT {K2}"},
      {dkim, wildcard_answers, key_name, "*._domainkey.example.com TXT v=DKIM1; p="},
      {dkim, quotes_in_value, key_name, "p1._domainkey.example.com TXT \"{K1}\""},
      {dkim,
       split_in_value,
       key_name,
       "p1._domainkey.example.com TXT \"v=DKIM1; k=rsa; \" \"p={P1}\""},
      {dkim,
       backslashes_in_value,
       key_name,
       "p1._domainkey.example.com TXT v=DKIM1\\; k=rsa\\; p={P1}"},
      {dkim,
       line_pasted,
       key_name,
       "p1._domainkey.example.com TXT p1._domainkey.example.com. IN TXT \"{K1}\""},
      {dkim,
       pem_armour,
       key_name,
       "p1._domainkey.example.com TXT v=DKIM1; k=rsa; p=-----BEGIN PUBLIC KEY-----{P1}-----END "
       "PUBLIC KEY-----"},
      {dkim,
       private_key_published,
       key_name,
       "p1._domainkey.example.com TXT v=DKIM1; k=rsa; p=MIIEpAIBAAKCAQEAx7h2VYq8"},
      {dkim, key_revoked, key_name, "p1._domainkey.example.com TXT v=DKIM1; k=rsa; p="},
      {dkim, key_missing, key_name, "p1._domainkey.example.com TXT v=DKIM1; k=rsa"},
      {dkim, key_cut, key_name, "p1._domainkey.example.com TXT {CUT}"},
      {dkim, key_type_wrong, key_name, "p1._domainkey.example.com TXT v=DKIM1; k=ed25519; p={P1}"},
      {dkim, key_not_base64, key_name, "p1._domainkey.example.com TXT v=DKIM1; p=%2B{P1}"},
      {dkim, trailing_junk, key_name, "p1._domainkey.example.com TXT {K1}\" )"},
      {dkim, trailing_junk, key_name, "p1._domainkey.example.com TXT {K1}; 3600"},
      {dkim, separators_wrong, key_name, "p1._domainkey.example.com TXT v=DKIM1 k=rsa p={P1}"},
      {dkim, version_wrong, key_name, "p1._domainkey.example.com TXT v=DKIM; k=rsa; p={P1}"},
      {dkim, version_not_first, key_name, "p1._domainkey.example.com TXT k=rsa; v=DKIM1; p={P1}"},
      {dkim, tag_repeated, key_name, "p1._domainkey.example.com TXT {K1}; k=rsa"},
      {dkim, sha256_excluded, key_name, "p1._domainkey.example.com TXT v=DKIM1; h=sha1; p={P1}"},
      {dkim, mail_excluded, key_name, "p1._domainkey.example.com TXT v=DKIM1; s=tlsrpt; p={P1}"},
      {dkim,
       two_keys,
       key_name,
       "p1._domainkey.example.com TXT {K1}\np1._domainkey.example.com TXT {K2}"},
      {dkim,
       key_in_two_records,
       key_name,
       "p1._domainkey.example.com TXT {HALF2}\np1._domainkey.example.com TXT {HALF1}"},
      {dkim, key_of_another, key_name, "p1._domainkey.example.com TXT {K2}"},
      {dkim, case_changed, key_name, "p1._domainkey.example.com TXT {LOWER}"},
      {dkim, key_of_other_selector, key_name, "p1._domainkey.example.com TXT {K2}", Kind::rotating},
      {dkim,
       selector_wrong,
       "p2._domainkey.example.com",
       "default._domainkey.example.com TXT {K2}",
       Kind::rotating},
      // DKIM, SES's CNAMEs
      {dkim, record_missing, token_name, "", Kind::easy},
      {dkim,
       zone_doubled,
       token_name,
       "bbbbtoken._domainkey.example.com.example.com CNAME bbbbtoken.dkim.amazonses.com",
       Kind::easy},
      {dkim,
       domainkey_missing,
       token_name,
       "bbbbtoken.example.com CNAME bbbbtoken.dkim.amazonses.com",
       Kind::easy},
      {dkim,
       cname_proxied,
       token_name,
       "bbbbtoken._domainkey.example.com A 198.51.100.1\n"
       "bbbbtoken._domainkey.example.com AAAA 2001:db8::1",
       Kind::easy},
      {dkim,
       cname_flattened,
       token_name,
       "bbbbtoken._domainkey.example.com TXT p={P2}",
       Kind::easy},
      {dkim,
       cname_as_text,
       token_name,
       "bbbbtoken._domainkey.example.com TXT bbbbtoken.dkim.amazonses.com.",
       Kind::easy},
      {dkim, wildcard_answers, token_name, "*._domainkey.example.com A 192.0.2.9", Kind::easy},
      {dkim,
       wildcard_answers,
       token_name,
       "*._domainkey.example.com CNAME mail.invalid",
       Kind::easy},
      {dkim,
       token_swapped,
       token_name,
       "bbbbtoken._domainkey.example.com CNAME aaaatoken.dkim.amazonses.com",
       Kind::easy},
      {dkim,
       zone_appended,
       token_name,
       "bbbbtoken._domainkey.example.com CNAME bbbbtoken.dkim.amazonses.com.example.com",
       Kind::easy},
      {dkim,
       target_wrong,
       token_name,
       "bbbbtoken._domainkey.example.com CNAME dddd.dkim.amazonses.com",
       Kind::easy},
      // MAIL FROM
      {mail_from, record_missing, envelope_name, envelope_spf},
      {mail_from, record_missing, envelope_name, envelope_mx},
      {mail_from,
       zone_doubled,
       envelope_name,
       "{SPF}bounce.example.com.example.com MX 10 feedback-smtp.eu-central-1.amazonses.com"},
      {mail_from,
       label_left_out,
       envelope_name,
       "{SPF}example.com MX 10 feedback-smtp.eu-central-1.amazonses.com"},
      {mail_from,
       zone_doubled,
       envelope_name,
       "{MX}bounce.example.com.example.com TXT v=spf1 include:amazonses.com ~all"},
      {mail_from,
       subdomain_left_out,
       "bounce.shop.example.co.uk",
       "bounce.shop.example.co.uk MX 10 feedback-smtp.eu-central-1.amazonses.com\n"
       "bounce.example.co.uk TXT v=spf1 include:amazonses.com ~all",
       Kind::shop},
      {mail_from, cname_in_the_way, envelope_name, "bounce.example.com CNAME gone.invalid"},
      {mail_from, wildcard_answers, envelope_name, "*.example.com MX 5 mail.invalid"},
      {mail_from,
       region_wrong,
       envelope_name,
       "{SPF}bounce.example.com MX 10 feedback-smtp.us-east-1.amazonses.com"},
      {mail_from,
       target_wrong,
       envelope_name,
       "{SPF}bounce.example.com MX 10 inbound-smtp.eu-central-1.amazonaws.com"},
      {mail_from, several_mx, envelope_name, "{SPF}{MX}bounce.example.com MX 20 mail.invalid"},
      {mail_from, mx_address, envelope_name, "{SPF}bounce.example.com MX 10 192.0.2.1"},
      {mail_from,
       mx_preference,
       envelope_name,
       "{SPF}bounce.example.com MX 0 10\\032feedback-smtp.eu-central-1.amazonses.com"},
      {mail_from,
       mx_preference,
       envelope_name,
       "{SPF}bounce.example.com MX feedback-smtp.eu-central-1.amazonses.com"},
      {mail_from,
       zone_appended,
       envelope_name,
       "{SPF}bounce.example.com MX 10 feedback-smtp.eu-central-1.amazonses.com.example.com"},
      {mail_from, two_spf, envelope_name, "{MX}{SPF}bounce.example.com TXT v=spf1 -all"},
      {mail_from, spf_without_ses, envelope_name, "{MX}bounce.example.com TXT v=spf1 mx -all"},
      // SPF of the domain
      {spf, record_missing, spf_name, ""},
      {spf,
       two_spf,
       spf_name,
       "example.com TXT v=spf1 ip4:192.0.2.1 -all\n"
       "example.com TXT v=spf1 include:amazonses.com ~all"},
      {spf,
       spf_elsewhere,
       spf_name,
       "_spf.example.com TXT v=spf1 include:amazonses.com ip4:192.0.2.1 -all"},
      {spf, below_www, spf_name, "www.example.com TXT v=spf1 include:amazonses.com ~all"},
      {spf,
       zone_doubled,
       spf_name,
       "example.com.example.com TXT v=spf1 include:amazonses.com ~all"},
      {spf, quotes_in_value, spf_name, "example.com TXT \"v=spf1 include:amazonses.com ~all\""},
      {spf,
       line_pasted,
       spf_name,
       "example.com TXT @ IN TXT \"v=spf1 include:amazonses.com ~all\""},
      {spf, version_wrong, spf_name, "example.com TXT v=spf1; include:amazonses.com ~all"},
      {spf, version_wrong, spf_name, "example.com TXT v=spfl include:amazonses.com ~all"},
      {spf,
       version_wrong,
       spf_name,
       "example.com TXT spf1 include:amazonses.com ip4:192.0.2.1 -all"},
      {spf,
       spf_joined,
       spf_name,
       "example.com TXT v=spf1 ip4:192.0.2.1 -all v=spf1 include:amazonses.com ~all"},
      {spf, spf_without_ses, spf_name, "example.com TXT v=spf1 ip4:192.0.2.1 -all"},
      {spf, spf_without_ses, spf_name, "example.com TXT v=spf1 redirect=small.invalid"},
      {spf,
       spf_ses_after_all,
       spf_name,
       "example.com TXT v=spf1 ip4:192.0.2.1 -all include:amazonses.com"},
      {spf, spf_ses_negated, spf_name, "example.com TXT v=spf1 -include:amazonses.com ~all"},
      {spf, spf_allows_all, spf_name, "example.com TXT v=spf1 include:amazonses.com +all"},
      {spf,
       spf_address_wrong,
       spf_name,
       "example.com TXT v=spf1 ip4:192.0.2.300 include:amazonses.com ~all"},
      {spf,
       spf_term_unknown,
       spf_name,
       "example.com TXT v=spf1 ip:192.0.2.1 include:amazonses.com ~all"},
      {spf,
       spf_term_unknown,
       spf_name,
       "example.com TXT v=spf1 include=small.invalid include:amazonses.com ~all"},
      {spf,
       spf_redirect_unused,
       spf_name,
       "example.com TXT v=spf1 include:amazonses.com redirect=small.invalid ~all"},
      {spf,
       spf_include_dead,
       spf_name,
       "example.com TXT v=spf1 include:gone.invalid include:amazonses.com ~all"},
      {spf,
       spf_too_many_lookups,
       spf_name,
       "example.com TXT v=spf1 a:mail.invalid mx:mail.invalid ptr include:partner.invalid "
       "include:small.invalid include:smaller.invalid include:amazonses.com ~all"},
      {spf,
       spf_void_lookups,
       spf_name,
       "example.com TXT v=spf1 a:x.invalid a:y.invalid mx:z.invalid include:amazonses.com ~all"},
      // DMARC
      {dmarc, record_missing, dmarc_name, ""},
      {dmarc, zone_doubled, dmarc_name, "_dmarc.example.com.example.com TXT v=DMARC1; p=none"},
      {dmarc, label_left_out, dmarc_name, "example.com TXT v=DMARC1; p=none"},
      {dmarc, underscore_missing, dmarc_name, "dmarc.example.com TXT v=DMARC1; p=none"},
      {dmarc, below_www, dmarc_name, "_dmarc.www.example.com TXT v=DMARC1; p=none"},
      {dmarc, cname_in_the_way, dmarc_name, "_dmarc.example.com CNAME gone.invalid"},
      {dmarc, wildcard_answers, dmarc_name, "*.example.com TXT hello"},
      {dmarc,
       two_dmarc,
       dmarc_name,
       "_dmarc.example.com TXT v=DMARC1; p=none\n_dmarc.example.com TXT v=DMARC1; p=reject"},
      {dmarc, quotes_in_value, dmarc_name, "_dmarc.example.com TXT \"v=DMARC1; p=none\""},
      {dmarc, backslashes_in_value, dmarc_name, "_dmarc.example.com TXT v=DMARC1\\; p=none"},
      {dmarc, separators_wrong, dmarc_name, "_dmarc.example.com TXT v=DMARC1, p=none"},
      {dmarc, version_wrong, dmarc_name, "_dmarc.example.com TXT v=DMARC; p=quarantine"},
      {dmarc, version_wrong, dmarc_name, "_dmarc.example.com TXT p=none"},
      {dmarc, version_not_first, dmarc_name, "_dmarc.example.com TXT p=none; v=DMARC1"},
      {dmarc,
       dmarc_policy_missing,
       dmarc_name,
       "_dmarc.example.com TXT v=DMARC1; rua=mailto:a@example.com"},
      {dmarc, dmarc_policy_unknown, dmarc_name, "_dmarc.example.com TXT v=DMARC1; p=monitor"},
      {dmarc,
       dmarc_report_scheme,
       dmarc_name,
       "_dmarc.example.com TXT v=DMARC1; p=none; rua=a@example.com"},
  };
  return rows;
}

Zone zone_of(const Row& row, const DomainSetup& setup) {
  Zone zone = right_zone(setup);
  zone.clear(row.cleared);
  const std::string key = key_record(1);
  std::string lines = row.lines;
  lines = replaced(lines, "{SPF}", envelope_spf);
  lines = replaced(lines, "{MX}", envelope_mx);
  lines = replaced(lines, "{C}", setup.challenge);
  lines = replaced(lines, "{K1}", key);
  lines = replaced(lines, "{K2}", key_record(2));
  lines = replaced(lines, "{P1}", public_key(1));
  lines = replaced(lines, "{P2}", public_key(2));
  lines = replaced(lines, "{CUT}", key.substr(0, 255));
  lines = replaced(lines, "{HALF1}", key.substr(0, 255));
  lines = replaced(lines, "{HALF2}", key.substr(255));
  std::string lower = public_key(1);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) {
    return static_cast<char>(std::tolower(c));
  });
  zone.add(replaced(lines, "{LOWER}", "v=DKIM1; k=rsa; p=" + lower));
  return zone;
}

}  // namespace

TEST_CASE("each mis-published zone gets the right diagnosis, and the printed edit mends it") {
  std::set<Mistake> seen;
  for (const Row& row : rows()) {
    CAPTURE(word(row.mistake));
    CAPTURE(row.lines);
    const DomainSetup setup = setup_of(row.kind);
    Zone zone = zone_of(row, setup);
    policy::Examination examination = records::examined(setup, zone);
    const Diagnosis* diagnosis = first_of(examination, row.check);
    REQUIRE(diagnosis != nullptr);
    CHECK(word(diagnosis->mistake) == word(row.mistake));
    seen.insert(diagnosis->mistake);
    for (int edits = 0; diagnosis != nullptr && edits < 3; ++edits) {
      CAPTURE(diagnosis->edit);
      CHECK(zone.edit(*diagnosis) == "");
      examination = records::examined(setup, zone);
      diagnosis = first_of(examination, row.check);
    }
    CHECK(diagnosis == nullptr);
    CHECK(result(examination, row.check) == CheckResult::good);
  }
  CHECK(rows().size() >= 40);
  CHECK(seen.size() >= 30);
}
