#pragma once

#include "policy/inquiry.hpp"
#include "policy/record_doctor.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The checks of the record doctor, one file each, and what they share.
namespace policy::doctor {

/// What a check looks at.
struct Case {
  const DomainSetup& setup;
  Inquiry& dns;
  const Verdicts& verdicts;
};

/// What a check says.
struct Finding {
  CheckResult result = CheckResult::unknown;
  std::vector<Diagnosis> diagnoses;
};

Finding ownership(const Case& c);
Finding keys(const Case& c);       ///< DKIM, mode local
Finding tokens(const Case& c);     ///< DKIM, mode ses
Finding mail_from(const Case& c);  ///< MX and SPF
Finding spf(const Case& c);        ///< of the domain itself
/// `others`: what the checks before it say, for alignment.
Finding dmarc(const Case& c, const CheckResults& others);

/// The diagnosis that `wanted` is not published for this mistake.
Diagnosis diagnosis(const WantedRecord& wanted,
                    Mistake mistake,
                    std::string_view found,
                    std::vector<StandingRecord> remove = {});
/// The same of a text that stands at the name and is to be replaced.
Diagnosis replacement(const WantedRecord& wanted, Mistake mistake, std::string_view found);

StandingRecord standing(std::string_view name, RecordType type, std::string_view value);
std::vector<StandingRecord> all_standing(std::string_view name,
                                         RecordType type,
                                         const std::vector<std::string>& values);

/// bad, or silent or unknown for an answer that says nothing; good is for the caller to say.
CheckResult result_without(const DnsAnswer* answer) noexcept;

/// Whether a text is what is meant to stand there.
using Fits = std::function<bool(std::string_view)>;

/// How a control panel damaged a text that else would fit: none where no repair makes it fit.
std::optional<Mistake> damage(std::string_view text, const Fits& fits);

/// A name where people put a record by mistake.
struct Place {
  std::string name;
  Mistake mistake{};
};

/// Of any record `front.domain`: the zone doubled, the sub-domain left out, below www.
std::vector<Place> common_places(const Case& c, std::string_view name);

/// The record to publish, given texts that were meant to be it.
using Expected = std::function<WantedRecord(const std::vector<std::string>&)>;

/// The record, if it stands at one of these instead; `expected` where what is found there shapes
/// it.
std::optional<Diagnosis> misplaced(const Case& c,
                                   const WantedRecord& wanted,
                                   const std::vector<Place>& places,
                                   const Fits& fits,
                                   const Expected& expected = {});

/// What answers in the place of a record: a CNAME at its name, or a wildcard.
std::optional<Diagnosis> in_the_way(const Case& c, const WantedRecord& wanted);

}  // namespace policy::doctor
