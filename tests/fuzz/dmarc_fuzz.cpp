#include "policy/dmarc.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

// Reads any octets as a DMARC record. What is read stays in its bounds, stands alone at a name as
// the record of that name, and never beside a second one.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(octets), size);
  const auto record = policy::parse_dmarc(text);
  if (record && !policy::is_dmarc(text)) std::abort();
  if (record && (record->percent > 100 || record->reports.size() > 10)) std::abort();
  if (!record && record.error().sentence().empty()) std::abort();

  policy::DnsAnswer answer{.outcome = policy::DnsOutcome::found, .records = {{.text = text}}};
  if (policy::choose_dmarc(answer.records).has_value() != record.has_value()) std::abort();
  const policy::DmarcFacts facts = policy::discover_dmarc(answer, nullptr);
  const auto judgement =
      policy::judge_dmarc(facts, {.from_domain = "a.b", .signing_domain = text, .spf_domain = "b"});
  if (!judgement || (judgement->policy != policy::DmarcPolicy::none && !record)) std::abort();

  answer.records.push_back({.text = "v=DMARC1; p=reject"});
  if (policy::is_dmarc(text) && policy::choose_dmarc(answer.records)) std::abort();
  return 0;
}
