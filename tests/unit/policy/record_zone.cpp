#include "record_zone.hpp"

#include "policy/record_forms.hpp"
#include "policy/record_plan.hpp"
#include "policy/reply.hpp"

#include <algorithm>
#include <random>
#include <sstream>
#include <stdexcept>

namespace records {
namespace {

using policy::DnsAnswer;
using policy::DnsOutcome;
using policy::RecordType;
using policy::SpfResult;

RecordType type_of(std::string_view word) {
  for (const RecordType type :
       {RecordType::txt, RecordType::cname, RecordType::mx, RecordType::a, RecordType::aaaa})
    if (policy::word(type) == word) return type;
  throw std::logic_error("no such type: " + std::string(word));
}

std::string parent(std::string_view name) {
  const auto dot = name.find('.');
  return dot == std::string_view::npos ? std::string() : std::string(name.substr(dot + 1));
}

/// One evaluation of RFC 7208.
class Evaluation {
 public:
  explicit Evaluation(const Zone& zone) : zone_(zone) {}

  SpfResult check_host(const std::string& domain) {
    std::vector<std::string> records;
    for (const auto& record : zone_.resolve({domain, RecordType::txt}).records)
      if (record.text == "v=spf1" || record.text.starts_with("v=spf1 "))
        records.push_back(record.text);
    if (records.empty()) return SpfResult::none;
    if (records.size() > 1) return SpfResult::perm_error;
    return evaluate(records.front().substr(6), domain);
  }

 private:
  struct Term {
    char sign = '+';
    std::string name, value;
    char separator = ' ';
  };

  static Term read(std::string text) {
    Term term;
    if (std::string("+-~?").find(text[0]) != std::string::npos) {
      term.sign = text[0];
      text.erase(0, 1);
    }
    const auto end = text.find_first_of(":=/");
    term.name = text.substr(0, end);
    if (end == std::string::npos) return term;
    term.separator = text[end];
    term.value = text.substr(end + 1);
    return term;
  }

  static bool is_ip4(const std::string& value) {
    int numbers[5] = {0, 0, 0, 0, 32};
    char dots[4] = {};
    std::istringstream in(value);
    in >> numbers[0] >> dots[0] >> numbers[1] >> dots[1] >> numbers[2] >> dots[2] >> numbers[3];
    if (in.fail()) return false;
    if (!in.eof()) in >> dots[3] >> numbers[4];
    if (in.fail() || numbers[4] > 32 || dots[0] != '.' || dots[2] != '.') return false;
    return std::all_of(numbers, numbers + 4, [](int n) { return n >= 0 && n < 256; });
  }

  static bool is_known(const Term& term) {
    const std::string name = ' ' + term.name + ' ';
    if (term.separator == '=') return std::string(" redirect exp ").find(name) != std::string::npos;
    return std::string(" all include a mx ptr ip4 ip6 exists ").find(name) != std::string::npos;
  }

  SpfResult evaluate(const std::string& text, const std::string& domain) {
    std::vector<Term> terms;
    std::istringstream in(text);
    for (std::string word; in >> word;) terms.push_back(read(word));
    for (const Term& term : terms) {
      if (!is_known(term) || (term.name == "ip4" && !is_ip4(term.value)))
        return SpfResult::perm_error;
    }
    for (const Term& term : terms) {
      const SpfResult match = matches(term, domain);
      if (match == SpfResult::perm_error) return match;
      if (match == SpfResult::pass) return by_sign(term.sign);
    }
    for (const Term& term : terms) {
      if (term.name != "redirect") continue;
      if (++lookups_ > 10) return SpfResult::perm_error;
      const SpfResult there = check_host(term.value);
      return there == SpfResult::none ? SpfResult::perm_error : there;
    }
    return SpfResult::neutral;
  }

  static SpfResult by_sign(char sign) {
    if (sign == '-') return SpfResult::fail;
    if (sign == '~') return SpfResult::softfail;
    return sign == '?' ? SpfResult::neutral : SpfResult::pass;
  }

  /// pass: it matches; perm_error; else not.
  SpfResult matches(const Term& term, const std::string& domain) {
    if (term.name == "all") return SpfResult::pass;
    if (term.name == "ip4") return term.value.starts_with("54.240.") ? SpfResult::pass : none();
    if (term.name == "ip6" || term.separator == '=') return none();
    if (++lookups_ > 10) return SpfResult::perm_error;
    if (term.name == "include") {
      const SpfResult there = check_host(term.value);
      return there == SpfResult::none ? SpfResult::perm_error : there;
    }
    const RecordType type = term.name == "mx" ? RecordType::mx : RecordType::a;
    const std::string host = term.separator == ':' ? term.value : domain;
    const bool is_void = zone_.resolve({host, type}).outcome != DnsOutcome::found;
    return is_void && ++voids_ > 2 ? SpfResult::perm_error : none();
  }

  static SpfResult none() { return SpfResult::none; }

  const Zone& zone_;
  int lookups_ = 0;
  int voids_ = 0;
};

}  // namespace

Zone::Zone(std::string_view text) { add(text); }

void Zone::add(std::string_view lines) {
  std::istringstream in{std::string(lines)};
  for (std::string line; std::getline(in, line);) {
    std::istringstream words(line);
    std::string name;
    std::string type;
    if (!(words >> name >> type)) continue;
    words.get();
    std::string value;
    std::getline(words, value);
    records_.push_back({name, type_of(type), value});
  }
}

void Zone::publish(const ZoneRecord& record) { records_.push_back(record); }

void Zone::clear(std::string_view name) {
  std::erase_if(records_, [name](const ZoneRecord& record) { return record.name == name; });
}

bool Zone::has_name(std::string_view name) const {
  const std::string below = '.' + std::string(name);
  return std::any_of(records_.begin(), records_.end(), [&](const ZoneRecord& record) {
    return record.name == name || record.name.ends_with(below);
  });
}

std::vector<const ZoneRecord*> Zone::at(std::string_view name) const {
  std::string owner(name);
  if (!has_name(name)) {
    std::string encloser = parent(name);
    while (!encloser.empty() && !has_name(encloser)) encloser = parent(encloser);
    owner = "*." + encloser;
  }
  std::vector<const ZoneRecord*> found;
  for (const ZoneRecord& record : records_)
    if (record.name == owner) found.push_back(&record);
  return found;
}

DnsAnswer Zone::resolve(const policy::DnsQuestion& question) const {
  DnsAnswer answer{.outcome = DnsOutcome::no_name, .ttl = 3600};
  std::string name = question.name;
  for (int hops = 0; hops < 8; ++hops) {
    const auto records = at(name);
    answer.outcome = records.empty() && !has_name(name) ? DnsOutcome::no_name : DnsOutcome::no_data;
    const ZoneRecord* alias = nullptr;
    for (const ZoneRecord* record : records) {
      if (record->type == question.type)
        answer.records.push_back({.text = record->value, .strings = {record->value}});
      if (record->type == RecordType::cname) alias = record;
    }
    if (!answer.records.empty()) answer.outcome = DnsOutcome::found;
    if (alias == nullptr || question.type == RecordType::cname) break;
    name = answer.canonical_name = alias->value;
  }
  return answer;
}

std::string Zone::edit(const policy::Diagnosis& diagnosis) {
  const auto says = [&diagnosis](std::string_view words) {
    return diagnosis.edit.find(words) != std::string::npos;
  };
  for (const policy::StandingRecord& wrong : diagnosis.remove) {
    const auto is_it = [&wrong](const ZoneRecord& record) {
      return record.name == wrong.name && record.type == wrong.type &&
             policy::printable(record.value, 300) == wrong.value;
    };
    const std::string words = "delete the " + std::string(policy::word(wrong.type)) + " record \"" +
                              policy::printable(wrong.value, 60) + "\" at " + wrong.name;
    if (!says(words)) return "the sentence does not say: " + words;
    if (std::erase_if(records_, is_it) == 0) return "no such record: " + wrong.value;
  }
  if (diagnosis.expected.empty()) return diagnosis.remove.empty() ? "nothing to do" : "";
  const std::string words = std::string("publish a") +
                            (diagnosis.type == RecordType::mx ? "n " : " ") +
                            std::string(policy::word(diagnosis.type)) +
                            " record with the expected value at " + diagnosis.name;
  if (!says(words)) return "the sentence does not say: " + words;
  bool stands = false;
  for (const ZoneRecord& record : records_) {
    if (record.name != diagnosis.name) continue;
    stands = stands || (record.type == diagnosis.type && record.value == diagnosis.expected);
    const bool is_alias = record.type == RecordType::cname;
    if (is_alias != (diagnosis.type == RecordType::cname)) return "a CNAME beside other records";
  }
  if (!stands) publish({diagnosis.name, diagnosis.type, diagnosis.expected});
  return {};
}

policy::SpfVerdict spf_of_ses(const Zone& zone, const std::string& domain) {
  return {Evaluation(zone).check_host(domain), "as evaluated"};
}

policy::DnsAnswers answers(const policy::DomainSetup& setup,
                           const Zone& zone,
                           const policy::Verdicts& verdicts) {
  policy::DnsAnswers answers;
  for (auto wanted = policy::questions(setup); !wanted.empty();
       wanted = policy::further_questions(setup, answers, verdicts)) {
    for (const policy::DnsQuestion& question : wanted)
      answers.emplace(question, zone.resolve(question));
  }
  return answers;
}

policy::Examination examined(const policy::DomainSetup& setup,
                             const Zone& zone,
                             policy::Verdicts verdicts) {
  verdicts.domain_spf = spf_of_ses(zone, setup.name);
  if (!setup.mail_from.empty()) verdicts.mail_from_spf = spf_of_ses(zone, setup.mail_from);
  return policy::examine(setup, answers(setup, zone, verdicts), verdicts);
}

policy::CheckResult result(const policy::Examination& examination, policy::DomainCheck check) {
  return examination.results[static_cast<std::size_t>(check)];
}

const policy::Diagnosis* first_of(const policy::Examination& examination,
                                  policy::DomainCheck check) {
  for (const policy::Diagnosis& diagnosis : examination.diagnoses)
    if (diagnosis.check == check) return &diagnosis;
  return nullptr;
}

std::string public_key(std::uint_fast32_t seed) {
  constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string key = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA";
  std::mt19937 random(seed);
  while (key.size() < 384) key += alphabet[random() % alphabet.size()];
  return key + "IDAQAB";
}

std::string key_record(std::uint_fast32_t seed) { return "v=DKIM1; k=rsa; p=" + public_key(seed); }

policy::DomainSetup setup_of(Kind kind) {
  policy::DomainSetup setup{.name = kind == Kind::shop ? "shop.example.co.uk" : "example.com",
                            .selectors = {{"p1", key_record(1), true}},
                            .challenge = "postern-challenge=abcdefghijklmnopqrstuvwxyz234567",
                            .region = "eu-central-1",
                            .report_address = "dmarc@example.net"};
  setup.mail_from = "bounce." + setup.name;
  if (kind == Kind::rotating) setup.selectors.push_back({"p2", key_record(2), false});
  if (kind == Kind::easy) {
    setup.signing = policy::SigningMode::ses;
    setup.selectors.clear();
    setup.dkim_tokens = {"aaaatoken", "bbbbtoken", "cccctoken"};
  }
  return setup;
}

Zone right_zone(const policy::DomainSetup& setup) {
  Zone zone(
      "amazonses.com TXT v=spf1 ip4:54.240.0.0/18 -all\n"
      "mail.invalid A 192.0.2.2\n"
      "small.invalid TXT v=spf1 ip4:192.0.2.3 include:smaller.invalid ~all\n"
      "smaller.invalid TXT v=spf1 ip4:192.0.2.4 ip4:192.0.2.128/25 -all\n"
      "partner.invalid TXT v=spf1 a:mail.invalid mx:mail.invalid exists:mail.invalid -all\n"
      "mail.invalid MX 10 mail.invalid\n");
  for (const policy::WantedRecord& record : policy::wanted_records(setup, {}))
    zone.publish({record.name, record.type, record.value});
  return zone;
}

}  // namespace records
