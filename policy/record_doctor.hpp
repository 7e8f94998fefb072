#pragma once

#include "policy/dns_answer.hpp"
#include "policy/domain_check.hpp"
#include "policy/domain_setup.hpp"
#include "policy/mistake.hpp"
#include "policy/spf_verdict.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace policy {

/// A record that DNS shows and that has to go. Its value is foreign text: printable, at most 300
/// octets.
struct StandingRecord {
  std::string name;
  RecordType type{};
  std::string value;
  friend bool operator==(const StandingRecord&, const StandingRecord&) = default;
};

/// What is wrong with one record, and the edit that mends it: after `remove` is gone, `expected`
/// has to stand at `name`.
struct Diagnosis {
  DomainCheck check{};
  Mistake mistake{};
  std::string name;  ///< where the record belongs
  RecordType type{};
  std::string found;     ///< what was found of it, there or at a wrong name, printable, at most 300
                         ///< octets; empty: nothing
  std::string expected;  ///< what has to stand there; empty: nothing to publish
  std::vector<StandingRecord> remove;  ///< at most ten
  std::string edit;  ///< one sentence: what is wrong and what to change at the DNS provider
};

/// What is known beside DNS's answers.
struct Verdicts {
  /// By selector: whether the record found is the key that signs, by libopendkim; none: not tested.
  std::map<std::string, bool, std::less<>> key_tests;
  std::optional<SpfVerdict> domain_spf;     ///< is SES authorised for the domain itself
  std::optional<SpfVerdict> mail_from_spf;  ///< and for the MAIL FROM sub-domain
  CheckResult identity = CheckResult::unknown;
  std::string identity_why;  ///< one sentence where it is bad
};

struct Examination {
  CheckResults results{};
  /// In the order of checks: of every bad check at least one, and advice, of good ones too.
  std::vector<Diagnosis> diagnoses;
};

/// What has to be asked of DNS for a round: at most 40 questions.
[[nodiscard]] std::vector<DnsQuestion> questions(const DomainSetup& setup);

/// What else has to be asked to tell why a check is bad: the places where people put such records
/// by mistake, and the includes of an SPF record that did not pass. Only questions without an
/// answer yet, at most 40; none when all is good. The answers may raise further ones (an include
/// within an include): ask until none is left.
[[nodiscard]] std::vector<DnsQuestion> further_questions(const DomainSetup& setup,
                                                         const DnsAnswers& answers,
                                                         const Verdicts& verdicts = {});

/// Judges a round. A check whose question failed is silent, one whose question was not asked
/// unknown. With several selectors the check is about the one that signs, and with none signing
/// yet about any that is published; diagnoses name them all.
[[nodiscard]] Examination examine(const DomainSetup& setup,
                                  const DnsAnswers& answers,
                                  const Verdicts& verdicts);

}  // namespace policy
