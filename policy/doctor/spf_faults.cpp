#include "policy/doctor/spf_faults.hpp"

#include "mail/header_fields.hpp"
#include "policy/spf_record.hpp"

#include <algorithm>

namespace policy::doctor {
namespace {

bool is_all(const SpfTerm& term) { return term.name == "all" && !term.modifier; }
bool is_ses(const SpfTerm& term) {
  return term.name == "include" && mail::equals_ignoring_case(term.value, ses_spf_domain);
}

std::optional<Mistake> syntax_mistake(const std::vector<SpfTerm>& terms) {
  for (const SpfTerm& term : terms) {
    if (mail::starts_with_ignoring_case(term.text, "v=spf1")) return Mistake::spf_joined;
    switch (fault(term)) {
      case SpfTermFault::none:
        break;
      case SpfTermFault::unknown:
        return Mistake::spf_term_unknown;
      case SpfTermFault::address:
        return Mistake::spf_address_wrong;
    }
  }
  return std::nullopt;
}

std::optional<Mistake> order_mistake(const std::vector<SpfTerm>& terms) {
  const auto all = std::find_if(terms.begin(), terms.end(), is_all);
  const auto redirects = [](const SpfTerm& term) {
    return term.modifier && term.name == "redirect";
  };
  if (all != terms.end() && std::any_of(terms.begin(), terms.end(), redirects))
    return Mistake::spf_redirect_unused;
  if (all != terms.end() && all->qualifier == '+') return Mistake::spf_allows_all;
  const auto ses = std::find_if(terms.begin(), terms.end(), is_ses);
  if (ses == terms.end()) return std::nullopt;
  if (ses->qualifier != '+') return Mistake::spf_ses_negated;
  return all < ses ? std::optional(Mistake::spf_ses_after_all) : std::nullopt;
}

std::optional<Mistake> reach_mistake(const SpfReach& found) {
  if (!found.dead.empty()) return Mistake::spf_include_dead;
  if (found.lookups > max_spf_lookups) return Mistake::spf_too_many_lookups;
  if (found.voids > max_spf_voids) return Mistake::spf_void_lookups;
  if (!found.allows_ses && found.complete) return Mistake::spf_without_ses;
  return std::nullopt;
}

CheckResult result_of(const SpfVerdict& verdict) noexcept {
  switch (verdict.result) {
    case SpfResult::pass:
      return CheckResult::good;
    case SpfResult::fail:
    case SpfResult::softfail:
    case SpfResult::neutral:
    case SpfResult::none:
    case SpfResult::perm_error:
      return CheckResult::bad;
    case SpfResult::temp_error:
      return CheckResult::silent;
    case SpfResult::unknown:
      return CheckResult::unknown;
  }
  return CheckResult::unknown;
}

/// Whether a text was meant to be SPF: "v=spf1;", "v=spf", "spf1 include:...".
bool is_misspelt_spf(std::string_view text) {
  const std::string front = mail::to_lower(mail::trim(text).substr(0, 12));
  const auto spellings = {"v=spf", "v= spf", "v =spf", "v = spf", "v:spf", "spf1"};
  return std::any_of(spellings.begin(), spellings.end(), [&front](std::string_view spelling) {
    return front.starts_with(spelling);
  });
}

/// No SPF record at the name: a damaged one, or one elsewhere?
Diagnosis absent(const Case& c,
                 const std::vector<std::string>& texts,
                 const std::vector<Place>& places,
                 const Expected& expected) {
  for (const std::string& text : texts) {
    if (!looks_like_spf(text)) continue;
    const Mistake mistake = damage(text, is_spf).value_or(Mistake::version_wrong);
    return replacement(expected({text}), mistake, text);
  }
  const auto names_ses = [](std::string_view text) {
    if (!is_spf(text)) return false;
    const auto terms = spf_terms(text);
    return std::any_of(terms.begin(), terms.end(), is_ses);
  };
  const WantedRecord wanted = expected({});
  const auto elsewhere = misplaced(c, wanted, places, names_ses, expected);
  const auto other = in_the_way(c, wanted);
  if (elsewhere) return *elsewhere;
  return other ? *other : diagnosis(wanted, Mistake::record_missing, "");
}

/// Of a record that we may not know a better one for: then the edit says what its owner can do.
Diagnosis with_limits(const Case& c,
                      const std::string& text,
                      Mistake mistake,
                      const SpfVerdict& verdict,
                      const Expected& expected) {
  const WantedRecord wanted = expected({text});
  const bool too_long =
      reach(spf_terms(wanted.value), wanted.name, c.dns).lookups > max_spf_lookups;
  if (!too_long && wanted.value != text) return replacement(wanted, mistake, text);
  Diagnosis d = diagnosis(wanted, mistake, text);
  d.expected.clear();
  d.edit = too_long ? wanted.why
                    : std::string(cause(mistake)) + " (" + verdict.why +
                          "): ask those whose names it includes, or take these out.";
  return d;
}

Finding judge_record(const Case& c,
                     const std::string& name,
                     const std::string& text,
                     const SpfVerdict& verdict,
                     const Expected& expected) {
  Finding finding{.result = result_of(verdict)};
  const auto terms = spf_terms(text);
  auto mistake = syntax_mistake(terms);
  if (!mistake) mistake = order_mistake(terms);
  if (!mistake && finding.result != CheckResult::good) {
    const SpfReach found = reach(terms, name, c.dns);
    mistake = reach_mistake(found);
    if (!mistake && finding.result == CheckResult::bad) mistake = Mistake::spf_refused;
    if (!mistake && found.silent) finding.result = CheckResult::silent;
  }
  if (!mistake) return finding;
  finding.result = CheckResult::bad;
  finding.diagnoses.push_back(*mistake == Mistake::spf_refused ||
                                      *mistake == Mistake::spf_too_many_lookups
                                  ? with_limits(c, text, *mistake, verdict, expected)
                                  : replacement(expected({text}), *mistake, text));
  return finding;
}

}  // namespace

bool looks_like_spf(std::string_view text) {
  return damage(text, is_spf).has_value() || is_misspelt_spf(text);
}

Finding judge_spf(const Case& c,
                  const std::string& name,
                  const std::optional<SpfVerdict>& verdict,
                  const std::vector<Place>& places,
                  const Expected& expected) {
  Finding finding{.result = result_without(c.dns.look(name, RecordType::txt))};
  if (finding.result != CheckResult::bad) return finding;
  const std::vector<std::string> texts = c.dns.texts(name, RecordType::txt);
  std::vector<std::string> records;
  std::copy_if(texts.begin(), texts.end(), std::back_inserter(records), is_spf);
  if (records.size() == 1)
    return judge_record(c, name, records.front(), verdict.value_or(SpfVerdict{}), expected);
  if (records.empty()) {
    finding.diagnoses.push_back(absent(c, texts, places, expected));
    return finding;
  }
  finding.diagnoses.push_back(diagnosis(expected(records),
                                        Mistake::two_spf,
                                        records.front(),
                                        all_standing(name, RecordType::txt, records)));
  return finding;
}

}  // namespace policy::doctor
