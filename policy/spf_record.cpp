#include "policy/spf_record.hpp"

#include "mail/header_fields.hpp"
#include "policy/ip_address.hpp"

#include <algorithm>
#include <array>

namespace policy {
namespace {

constexpr std::string_view version = "v=spf1";

constexpr std::array<std::string_view, 8> mechanisms{
    "all", "include", "a", "mx", "ptr", "ip4", "ip6", "exists"};

SpfTerm read_term(std::string_view text) {
  SpfTerm term;
  term.text = text;
  if (text.find_first_of("+-~?") == 0) {
    term.qualifier = text.front();
    text.remove_prefix(1);
  }
  const auto end = std::min(text.find_first_of(":=/"), text.size());
  term.name = mail::to_lower(text.substr(0, end));
  if (end == text.size()) return term;
  term.modifier = text[end] == '=';
  term.value = text.substr(text[end] == '/' ? end : end + 1);
  return term;
}

bool is_modifier_name(std::string_view name) noexcept {
  const auto is_name_character = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
  };
  return !name.empty() && name.front() >= 'a' && name.front() <= 'z' &&
         std::all_of(name.begin(), name.end(), is_name_character);
}

/// The host that `a` and `mx` look at: before the prefix length, else the domain itself.
std::string_view host_of(const SpfTerm& term, std::string_view domain) noexcept {
  const std::string_view host = std::string_view(term.value).substr(0, term.value.find('/'));
  return host.empty() ? domain : host;
}

bool ends_evaluation(const SpfTerm& term) noexcept { return term.name == "all" && !term.modifier; }

/// One walk through a record and what it includes.
class Walk {
 public:
  Walk(SpfReach& reach, Inquiry& dns) : reach_(reach), dns_(dns) {}

  /// `allowing`: a match here is a pass of the record asked about.
  void follow(const std::vector<SpfTerm>& terms,
              std::string_view domain,
              unsigned depth,
              bool allowing) {
    const bool has_all = std::any_of(terms.begin(), terms.end(), ends_evaluation);
    for (const SpfTerm& term : terms) {
      if (ends_evaluation(term)) return;
      if (term.name == "redirect" && has_all) continue;
      if (reach_.lookups > most_lookups) return;
      if (depth == 0) own_term_ = &term;
      if (term.name == "include" || term.name == "redirect") {
        ++reach_.lookups;
        enter(term, depth, allowing && term.qualifier == '+');
      } else if (term.name == "a" || term.name == "mx") {
        ++reach_.lookups;
        if (depth == 0) note_void(term, host_of(term, domain));
      } else if (term.name == "ptr" || term.name == "exists") {
        ++reach_.lookups;
      }
    }
  }

 private:
  static constexpr unsigned most_lookups = 40;  // loops end here
  static constexpr unsigned most_depth = 10;

  void enter(const SpfTerm& term, unsigned depth, bool allowing) {
    if (mail::equals_ignoring_case(term.value, ses_spf_domain)) {
      reach_.allows_ses = reach_.allows_ses || allowing;
      return;
    }
    const DnsAnswer* answer = dns_.look(term.value, RecordType::txt);
    if (answer == nullptr || answer->outcome == DnsOutcome::failed || depth == most_depth) {
      reach_.silent = reach_.silent || answer != nullptr;
      reach_.complete = false;
      return;
    }
    std::vector<std::string> records = dns_.texts(term.value, RecordType::txt);
    std::erase_if(records, [](const std::string& text) { return !is_spf(text); });
    if (records.size() == 1)
      follow(spf_terms(records.front()), term.value, depth + 1, allowing);
    else if (reach_.dead.empty() || reach_.dead.back() != own_term_->text)
      reach_.dead.push_back(own_term_->text);
  }

  void note_void(const SpfTerm& term, std::string_view host) {
    const RecordType type = term.name == "mx" ? RecordType::mx : RecordType::a;
    const DnsAnswer* answer = dns_.look(host, type);
    if (answer == nullptr) return;
    if (answer->outcome != DnsOutcome::no_name && answer->outcome != DnsOutcome::no_data) return;
    ++reach_.voids;
    reach_.void_terms.push_back(term.text);
  }

  SpfReach& reach_;
  Inquiry& dns_;
  const SpfTerm* own_term_ = nullptr;  ///< of the record asked about, on the way through it
};

}  // namespace

bool is_spf(std::string_view text) noexcept {
  return mail::starts_with_ignoring_case(text, version) &&
         (text.size() == version.size() || text[version.size()] == ' ');
}

std::vector<SpfTerm> spf_terms(std::string_view record) {
  std::vector<SpfTerm> terms;
  record.remove_prefix(std::min(version.size(), record.size()));
  while (!record.empty()) {
    const auto end = std::min(record.find(' '), record.size());
    if (end > 0) terms.push_back(read_term(record.substr(0, end)));
    record.remove_prefix(std::min(end + 1, record.size()));
  }
  return terms;
}

SpfTermFault fault(const SpfTerm& term) {
  const bool is_mechanism =
      std::find(mechanisms.begin(), mechanisms.end(), term.name) != mechanisms.end();
  if (term.modifier) {
    const bool sound = is_modifier_name(term.name) && term.name != "v" &&
                       (term.name != "redirect" || !term.value.empty());
    return is_mechanism || !sound ? SpfTermFault::unknown : SpfTermFault::none;
  }
  if (!is_mechanism) return SpfTermFault::unknown;
  const bool needs_value = term.name == "include" || term.name == "exists";
  if (needs_value && term.value.empty()) return SpfTermFault::unknown;
  if (term.name == "all" && term.text.find_first_of(":/") != std::string::npos)
    return SpfTermFault::unknown;
  if (term.name == "ip4" && !is_ip4_network(term.value)) return SpfTermFault::address;
  if (term.name == "ip6" && !is_ip6_network(term.value)) return SpfTermFault::address;
  return SpfTermFault::none;
}

SpfReach reach(const std::vector<SpfTerm>& terms, std::string_view domain, Inquiry& dns) {
  SpfReach reach;
  Walk(reach, dns).follow(terms, domain, 0, true);
  return reach;
}

}  // namespace policy
