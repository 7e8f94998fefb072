#include "mail/header_fields.hpp"
#include "policy/ip_address.hpp"
#include "policy/spf_record.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>

namespace policy {
namespace {

constexpr std::size_t max_record = 450;  // RFC 7208 3.4
constexpr std::size_t max_draft = 4000;  // octets of foreign text
constexpr std::string_view include_ses = "include:amazonses.com";

/// The words of a record that people may have damaged: quotation marks, backslashes, semicolons and
/// commas do not occur in one.
std::vector<std::string> words_of(std::string_view record) {
  std::vector<std::string> words;
  std::string word;
  const auto finish = [&] {
    if (!word.empty()) words.push_back(std::move(word));
    word.clear();
  };
  for (const char c : record) {
    if (c > ' ' && c <= '~' && std::string_view("\"\\;,").find(c) == std::string_view::npos)
      word += c;
    else
      finish();
  }
  finish();
  return words;
}

std::string written(char qualifier, std::string_view name, std::string_view value) {
  std::string text = qualifier == '+' ? std::string() : std::string(1, qualifier);
  return text.append(name).append(":").append(value);
}

/// A term as SPF knows it, or what was meant by one that it does not; none where that is not clear.
std::optional<SpfTerm> mended(std::string_view word) {
  const auto only = [](std::string_view text) {
    return spf_terms("v=spf1 " + std::string(text)).front();
  };
  constexpr std::size_t longest = 300;  // a name of DNS and what stands around it
  if (word.size() > longest) return std::nullopt;
  const SpfTerm term = only(word);
  if (fault(term) == SpfTermFault::none) return term;
  if (term.name.starts_with("ip")) {
    if (is_ip4_network(term.value)) return only(written(term.qualifier, "ip4", term.value));
    if (is_ip6_network(term.value)) return only(written(term.qualifier, "ip6", term.value));
    return std::nullopt;
  }
  const std::string_view name = term.name == "includes" ? "include" : std::string_view(term.name);
  const SpfTerm meant = only(written(term.qualifier, name, term.value));
  return fault(meant) == SpfTermFault::none ? std::optional(meant) : std::nullopt;
}

/// The terms of one record to be, without its end.
struct Draft {
  std::vector<SpfTerm> mechanisms;
  std::vector<SpfTerm> modifiers;
  std::optional<SpfTerm> redirect;
  std::optional<SpfTerm> all;

  void add(const SpfTerm& term) {
    if (term.modifier && term.name == "redirect") {
      if (!redirect) redirect = term;
    } else if (term.modifier) {
      append(modifiers, term);
    } else if (term.name == "all") {
      if (!all) all = term;
    } else if (term.qualifier == '+' || !mail::equals_ignoring_case(term.value, ses_spf_domain)) {
      append(mechanisms, term);
    }
  }

  [[nodiscard]] std::vector<SpfTerm> terms() const {
    std::vector<SpfTerm> terms = mechanisms;
    if (all) terms.push_back(*all);
    if (redirect && !all) terms.push_back(*redirect);
    terms.insert(terms.end(), modifiers.begin(), modifiers.end());
    return terms;
  }

  [[nodiscard]] std::string text() const {
    std::string text = "v=spf1";
    for (const SpfTerm& term : terms()) text += ' ' + term.text;
    return text;
  }

 private:
  void append(std::vector<SpfTerm>& list, const SpfTerm& term) {
    if (octets_ + term.text.size() > max_draft) return;
    const bool stands = std::any_of(list.begin(), list.end(), [&term](const SpfTerm& other) {
      return mail::equals_ignoring_case(other.text, term.text);
    });
    if (stands) return;
    octets_ += term.text.size() + 1;
    list.push_back(term);
  }

  std::size_t octets_ = 0;
};

Draft draft_of(const std::vector<std::string>& records) {
  Draft draft;
  for (const std::string& record : records) {
    for (const std::string& word : words_of(record)) {
      if (const auto term = mended(word)) draft.add(*term);
    }
  }
  if (draft.all && draft.all->qualifier == '+') draft.all.reset();
  if (!draft.all && !draft.redirect) draft.all = mended("~all");
  return draft;
}

/// The addresses that an include allows, where it names nothing else. Reads at most `budget`
/// records.
std::optional<std::vector<std::string>> addresses(std::string_view domain,
                                                  Inquiry& dns,
                                                  unsigned& budget) {
  std::vector<std::string> records = dns.texts(domain, RecordType::txt);
  std::erase_if(records, [](const std::string& text) { return !is_spf(text); });
  if (records.size() != 1 || budget == 0) return std::nullopt;
  --budget;
  std::vector<std::string> found;
  for (const SpfTerm& term : spf_terms(records.front())) {
    if (term.name == "all") return found;
    if (term.qualifier != '+' || fault(term) != SpfTermFault::none) return std::nullopt;
    if (term.name == "ip4" || term.name == "ip6") {
      found.push_back(term.name + ':' + term.value);
    } else if (term.name == "include") {
      const auto inner = addresses(term.value, dns, budget);
      if (!inner) return std::nullopt;
      found.insert(found.end(), inner->begin(), inner->end());
    } else {
      return std::nullopt;
    }
  }
  return found;
}

/// Replaces the include that saves the most lookups by its addresses; false where none can be.
bool flatten_one(Draft& draft, std::string_view domain, Inquiry& dns) {
  std::optional<Draft> best;
  unsigned best_lookups = reach(draft.terms(), domain, dns).lookups;
  for (std::size_t i = 0; i < draft.mechanisms.size(); ++i) {
    const SpfTerm& include = draft.mechanisms[i];
    if (include.name != "include" || include.qualifier != '+') continue;
    if (include.text == include_ses) continue;
    unsigned budget = max_spf_lookups;
    const auto list = addresses(include.value, dns, budget);
    if (!list) continue;
    Draft flat = draft;
    const auto place = flat.mechanisms.erase(flat.mechanisms.begin() + static_cast<long>(i));
    std::vector<SpfTerm> terms;
    for (const std::string& address : *list) terms.push_back(*mended(address));
    flat.mechanisms.insert(place, terms.begin(), terms.end());
    const unsigned lookups = reach(flat.terms(), domain, dns).lookups;
    if (lookups >= best_lookups || flat.text().size() > max_record) continue;
    best_lookups = lookups;
    best = std::move(flat);
  }
  if (best) draft = std::move(*best);
  return best.has_value();
}

void leave_out(Draft& draft, const std::vector<std::string>& texts) {
  const auto is_left_out = [&texts](const SpfTerm& term) {
    return std::find(texts.begin(), texts.end(), term.text) != texts.end();
  };
  std::erase_if(draft.mechanisms, is_left_out);
  if (draft.redirect && is_left_out(*draft.redirect)) draft.redirect.reset();
  if (!draft.all && !draft.redirect) draft.all = mended("~all");
}

/// What alone needs more than ten lookups breaks every record it is in.
void leave_out_endless(Draft& draft, std::string_view domain, Inquiry& dns) {
  std::vector<std::string> endless;
  for (const SpfTerm& term : draft.terms())
    if (reach({term}, domain, dns).lookups > max_spf_lookups) endless.push_back(term.text);
  leave_out(draft, endless);
}

void fit(Draft& draft, std::string_view domain, Inquiry& dns) {
  const SpfReach found = reach(draft.terms(), domain, dns);
  leave_out(draft, found.dead);
  if (found.lookups > max_spf_lookups || found.voids > max_spf_voids)
    leave_out(draft, found.void_terms);
  if (reach(draft.terms(), domain, dns).lookups > max_spf_lookups)
    std::erase_if(draft.mechanisms, [](const SpfTerm& term) { return term.name == "ptr"; });
  while (reach(draft.terms(), domain, dns).lookups > max_spf_lookups &&
         flatten_one(draft, domain, dns)) {
  }
  leave_out_endless(draft, domain, dns);
}

}  // namespace

std::string merged_spf(const std::vector<std::string>& records,
                       std::string_view domain,
                       Inquiry& dns) {
  Draft draft = draft_of(records);
  if (!reach(draft.terms(), domain, dns).allows_ses)
    draft.mechanisms.push_back(*mended(include_ses));
  fit(draft, domain, dns);
  return draft.text();
}

}  // namespace policy
