#include "policy/record_plan.hpp"
#include "relay/doctor/judge.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace doctor {
namespace {

constexpr auto dkim_check = static_cast<std::size_t>(policy::DomainCheck::dkim);

/// What DNS told nothing of, and why.
std::string unanswered(const policy::DnsAnswers& answers) {
  std::string names;
  for (const auto& [question, answer] : answers) {
    if (answer.outcome != policy::DnsOutcome::failed) continue;
    names += fmt::format("{}{} ({})", names.empty() ? "" : ", ", question.name, answer.why);
  }
  return names;
}

}  // namespace

std::vector<policy::DnsQuestion> key_questions(const policy::DomainSetup& setup) {
  std::vector<policy::DnsQuestion> questions;
  for (const policy::SelectorSetup& selector : setup.selectors) {
    if (!selector.signs) continue;
    const policy::WantedRecord wanted = policy::key_record(setup, selector);
    questions.push_back({wanted.name, wanted.type});
  }
  return questions;
}

Finding judge_keys(const policy::DomainSetup& setup, const policy::DnsAnswers& answers) {
  Finding finding{"dkim " + setup.name, Grade::ok, "its key stands in DNS", {}};
  const policy::Examination examination = policy::examine(setup, answers, {});
  const policy::CheckResult result = examination.results[dkim_check];
  if (result == policy::CheckResult::good) return finding;
  finding.grade = Grade::warn;
  const auto diagnosis = std::ranges::find(
      examination.diagnoses, policy::DomainCheck::dkim, &policy::Diagnosis::check);
  if (result != policy::CheckResult::bad || diagnosis == examination.diagnoses.end()) {
    finding.what = "DNS did not answer for " + unanswered(answers);
    finding.mend =
        "Look at the resolver, that of `dns.servers` or the system's: whether receivers "
        "can verify the signatures stays unknown.";
    return finding;
  }
  finding.what =
      "receivers cannot verify what is signed: nothing fitting stands at " + diagnosis->name;
  finding.mend = with_value(diagnosis->edit, setup.name);
  return finding;
}

std::string with_value(std::string_view edit, std::string_view domain) {
  const bool stop = edit.ends_with('.');
  if (stop) edit.remove_suffix(1);
  return fmt::format("{} (`postern domain records {}` prints it){}", edit, domain, stop ? "." : "");
}

}  // namespace doctor
