#include "policy/dmarc.hpp"

#include "policy/doctor/dmarc_faults.hpp"
#include "policy/doctor/finding.hpp"
#include "policy/public_suffix.hpp"
#include "policy/record_plan.hpp"
#include "policy/reply.hpp"
#include "policy/tag_list.hpp"

#include <algorithm>

namespace policy::doctor {
namespace {

/// Whether receivers would reject the domain's own mail as it leaves now; false where DNS has not
/// said enough.
bool rejects_own_mail(const Case& c,
                      const CheckResults& others,
                      std::string_view record,
                      bool inherited) {
  const CheckResult key = others[static_cast<std::size_t>(DomainCheck::dkim)];
  const CheckResult envelope = others[static_cast<std::size_t>(DomainCheck::mail_from)];
  const bool may_align_by_spf = !c.setup.mail_from.empty() && envelope != CheckResult::bad;
  const auto parsed = parse_dmarc(record);
  if (key != CheckResult::bad || may_align_by_spf || !parsed) return false;
  const DmarcFacts facts{.known = true, .record = *parsed, .inherited = inherited};
  const DmarcSight sight{.from_domain = c.setup.name};
  const auto judgement = judge_dmarc(facts, sight);
  return judgement && !judgement->passes() && judgement->policy == DmarcPolicy::reject;
}

/// The record with p=none, until the mail aligns.
Diagnosis softened(const Case& c, const std::string& record, bool inherited) {
  WantedRecord soft = dmarc_record(c.setup, {});
  std::string value = "v=DMARC1; p=none";
  for (const Tag& tag : read_tags(record)) {
    if (tag.name != "v" && tag.name != "p" && tag.name != "sp")
      value += "; " + tag.name + '=' + tag.value;
  }
  if (printable(value, value.size()) == value && !dmarc_fault(value)) soft.value = value;
  if (inherited) return diagnosis(soft, Mistake::dmarc_rejects_own_mail, record);
  return replacement(soft, Mistake::dmarc_rejects_own_mail, record);
}

std::vector<std::string> records_at(const Case& c, const std::string& name) {
  std::vector<std::string> texts = c.dns.texts(name, RecordType::txt);
  std::erase_if(texts, [](const std::string& text) { return !is_dmarc(text); });
  return texts;
}

/// No DMARC record at the name: a damaged one, or one elsewhere?
Diagnosis absent(const Case& c, const std::vector<std::string>& texts) {
  for (const std::string& text : texts) {
    if (!looks_like_dmarc(text)) continue;
    const Mistake mistake = dmarc_fault(text).value_or(Mistake::dmarc_malformed);
    return replacement(dmarc_record(c.setup, {text}), mistake, text);
  }
  const WantedRecord wanted = dmarc_record(c.setup, {});
  std::vector<Place> places = common_places(c, wanted.name);
  std::erase_if(places,
                [](const Place& place) { return place.mistake == Mistake::subdomain_left_out; });
  places.push_back({"dmarc." + c.setup.name, Mistake::underscore_missing});
  places.push_back({c.setup.name, Mistake::label_left_out});
  const auto elsewhere = misplaced(
      c, wanted, places, looks_like_dmarc, [&c](const std::vector<std::string>& texts_there) {
        return dmarc_record(c.setup, texts_there);
      });
  const auto other = in_the_way(c, wanted);
  if (elsewhere) return *elsewhere;
  return other ? *other : diagnosis(wanted, Mistake::record_missing, "");
}

/// The record of the organizational domain, which applies where the domain has none.
std::optional<Finding> inherited(const Case& c, const CheckResults& others) {
  const std::string parent = organizational_domain(c.setup.name);
  if (parent == c.setup.name) return std::nullopt;
  const DnsAnswer* answer = c.dns.look("_dmarc." + parent, RecordType::txt);
  const CheckResult unanswered = result_without(answer);
  if (unanswered != CheckResult::bad) return Finding{.result = unanswered};
  const auto records = records_at(c, "_dmarc." + parent);
  if (records.size() != 1 || dmarc_fault(records.front())) return std::nullopt;
  if (!rejects_own_mail(c, others, records.front(), true))
    return Finding{.result = CheckResult::good};
  return Finding{CheckResult::bad, {softened(c, records.front(), true)}};
}

}  // namespace

Finding dmarc(const Case& c, const CheckResults& others) {
  const std::string name = "_dmarc." + c.setup.name;
  Finding finding{.result = result_without(c.dns.look(name, RecordType::txt))};
  if (finding.result != CheckResult::bad) return finding;
  const auto texts = c.dns.texts(name, RecordType::txt);
  const auto records = records_at(c, name);
  const WantedRecord wanted = dmarc_record(c.setup, records);
  if (records.empty()) {
    const bool damaged = std::any_of(texts.begin(), texts.end(), looks_like_dmarc);
    if (auto from_parent = damaged ? std::nullopt : inherited(c, others)) return *from_parent;
    finding.diagnoses.push_back(absent(c, texts));
  } else if (records.size() > 1) {
    finding.diagnoses.push_back(diagnosis(
        wanted, Mistake::two_dmarc, records.front(), all_standing(name, RecordType::txt, records)));
  } else if (const auto mistake = dmarc_fault(records.front())) {
    finding.diagnoses.push_back(replacement(wanted, *mistake, records.front()));
  } else if (rejects_own_mail(c, others, records.front(), false)) {
    finding.diagnoses.push_back(softened(c, records.front(), false));
  } else {
    finding.result = CheckResult::good;
  }
  return finding;
}

}  // namespace policy::doctor
