#include "policy/record_doctor.hpp"

#include "policy/doctor/finding.hpp"
#include "policy/reply.hpp"

namespace policy {
namespace {

constexpr std::size_t max_why = 300;

doctor::Finding identity(const DomainSetup& setup, const Verdicts& verdicts) {
  doctor::Finding finding{.result = verdicts.identity};
  if (finding.result != CheckResult::bad) return finding;
  Diagnosis d{.check = DomainCheck::identity,
              .mistake = Mistake::identity_unverified,
              .name = setup.name,
              .found = printable(verdicts.identity_why, max_why)};
  d.edit = std::string(cause(d.mistake)) +
           ": once the DKIM records are right, verify the identity in SES's console" +
           (setup.region.empty() ? "." : ", region " + setup.region + '.');
  finding.diagnoses.push_back(std::move(d));
  return finding;
}

doctor::Finding look(DomainCheck check, const doctor::Case& c, const CheckResults& before) {
  switch (check) {
    case DomainCheck::ownership:
      return doctor::ownership(c);
    case DomainCheck::dkim:
      return c.setup.signing == SigningMode::ses ? doctor::tokens(c) : doctor::keys(c);
    case DomainCheck::identity:
      return identity(c.setup, c.verdicts);
    case DomainCheck::mail_from:
      return doctor::mail_from(c);
    case DomainCheck::spf:
      return doctor::spf(c);
    case DomainCheck::dmarc:
      return doctor::dmarc(c, before);
  }
  return {};
}

Examination examine(const DomainSetup& setup, Inquiry& dns, const Verdicts& verdicts) {
  Examination examination;
  const doctor::Case c{setup, dns, verdicts};
  for (std::size_t i = 0; i < domain_checks; ++i) {
    doctor::Finding finding = look(static_cast<DomainCheck>(i), c, examination.results);
    examination.results[i] = finding.result;
    for (Diagnosis& diagnosis : finding.diagnoses)
      examination.diagnoses.push_back(std::move(diagnosis));
  }
  return examination;
}

}  // namespace

std::vector<DnsQuestion> questions(const DomainSetup& setup) {
  return further_questions(setup, {});
}

std::vector<DnsQuestion> further_questions(const DomainSetup& setup,
                                           const DnsAnswers& answers,
                                           const Verdicts& verdicts) {
  Inquiry dns(answers);
  static_cast<void>(examine(setup, dns, verdicts));
  return dns.unanswered();
}

Examination examine(const DomainSetup& setup, const DnsAnswers& answers, const Verdicts& verdicts) {
  Inquiry dns(answers);
  return examine(setup, dns, verdicts);
}

}  // namespace policy
