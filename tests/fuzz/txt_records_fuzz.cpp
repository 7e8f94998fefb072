#include "policy/dmarc.hpp"
#include "policy/record_doctor.hpp"
#include "policy/record_forms.hpp"
#include "policy/record_plan.hpp"
#include "policy/reply.hpp"
#include "policy/spf_record.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace {

policy::DomainSetup setup_of(unsigned choice) {
  policy::DomainSetup setup{.name = (choice & 1U) != 0 ? "shop.example.com" : "example.com",
                            .selectors = {{"p1", "v=DKIM1; k=rsa; p=QUJD", (choice & 2U) != 0}},
                            .challenge = "postern-challenge=abcdef"};
  if ((choice & 4U) != 0) setup.selectors.push_back({"p2", "v=DKIM1; p=REVG"});
  if ((choice & 8U) != 0) setup.signing = policy::SigningMode::ses;
  setup.dkim_tokens = {"one", "two", "three"};
  setup.region = "eu-west-1";
  if ((choice & 16U) != 0) setup.mail_from = "bounce." + setup.name;
  return setup;
}

std::string_view take_line(std::string_view& text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(line.size() + 1, text.size()));
  return line;
}

/// The next lines, up to an empty one, as the records of an answer; "!" is DNS's failure.
policy::DnsAnswer take_answer(std::string_view& text) {
  policy::DnsAnswer answer{.outcome = policy::DnsOutcome::no_name};
  for (auto line = take_line(text); !line.empty(); line = take_line(text)) {
    answer.outcome = line == "!" ? policy::DnsOutcome::failed : policy::DnsOutcome::found;
    answer.records.push_back({.text = std::string(line)});
  }
  return answer;
}

bool is_shown(std::string_view text, std::size_t most) {
  return policy::printable(text, most) == text;
}

void check(const policy::Examination& examination) {
  for (std::size_t i = 0; i < policy::domain_checks; ++i) {
    const auto of_check = [i](const policy::Diagnosis& d) {
      return static_cast<std::size_t>(d.check) == i;
    };
    const auto& all = examination.diagnoses;
    const bool is_bad = examination.results[i] == policy::CheckResult::bad;
    if (is_bad && std::none_of(all.begin(), all.end(), of_check)) std::abort();
  }
  for (const policy::Diagnosis& d : examination.diagnoses)
    if (!is_shown(d.found, 300) || !is_shown(d.expected, 5000) || !is_shown(d.edit, 5000))
      std::abort();
}

}  // namespace

// The first octet chooses a setup; the rest is what DNS answers to each question in turn. Whatever
// stands there is judged, the records to publish are sound, and each bad check has its diagnosis.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(octets), size);
  if (text.empty()) return 0;
  const policy::DomainSetup setup = setup_of(static_cast<unsigned char>(text.front()));
  text.remove_prefix(1);
  policy::DnsAnswers answers;
  for (auto round = policy::questions(setup); !round.empty() && !text.empty();
       round = policy::further_questions(setup, answers)) {
    if (round.size() > 40) std::abort();
    for (const policy::DnsQuestion& question : round) answers[question] = take_answer(text);
  }
  check(policy::examine(setup, answers, {}));

  const auto records = policy::wanted_records(setup, answers);
  for (const policy::WantedRecord& record : records) {
    if (!is_shown(record.value, record.value.size())) std::abort();
    if (record.check == policy::DomainCheck::dmarc && !policy::parse_dmarc(record.value))
      std::abort();
    if (record.check != policy::DomainCheck::spf) continue;
    if (!policy::is_spf(record.value)) std::abort();
    for (const policy::SpfTerm& term : policy::spf_terms(record.value))
      if (policy::fault(term) != policy::SpfTermFault::none) std::abort();
  }
  if (policy::zone_file(records).empty() || policy::table(records).empty() ||
      policy::terraform(records, setup.name).empty())
    std::abort();
  return 0;
}
