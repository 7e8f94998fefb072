#include "mail/header_fields.hpp"
#include "policy/doctor/finding.hpp"
#include "policy/record_plan.hpp"

#include <algorithm>

namespace policy::doctor {
namespace {

constexpr std::string_view prefix = "postern-challenge=";

std::optional<Mistake> fault(std::string_view text, std::string_view challenge) {
  const auto fits = [challenge](std::string_view repaired) { return repaired == challenge; };
  if (const auto mistake = damage(text, fits)) return mistake;
  if (mail::equals_ignoring_case(text, challenge)) return Mistake::case_changed;
  if (text == challenge.substr(std::min(prefix.size(), challenge.size())))
    return Mistake::challenge_prefix_missing;
  if (text.starts_with(challenge)) return Mistake::trailing_junk;
  if (text.size() > prefix.size() && challenge.starts_with(text)) return Mistake::value_cut;
  return std::nullopt;
}

}  // namespace

Finding ownership(const Case& c) {
  const WantedRecord wanted = challenge_record(c.setup);
  if (wanted.value.empty()) return {};
  Finding finding{.result = result_without(c.dns.look(wanted.name, wanted.type))};
  if (finding.result != CheckResult::bad) return finding;
  const auto fits = [&wanted](std::string_view text) { return text == wanted.value; };
  const std::vector<std::string> texts = c.dns.texts(wanted.name, wanted.type);
  if (std::any_of(texts.begin(), texts.end(), fits)) return {.result = CheckResult::good};

  std::vector<Place> places = common_places(c, wanted.name);
  places.push_back({"postern-challenge." + c.setup.name, Mistake::underscore_missing});
  places.push_back({c.setup.name, Mistake::label_left_out});
  const auto elsewhere = misplaced(c, wanted, places, fits);
  const auto other = in_the_way(c, wanted);
  for (const std::string& text : texts) {
    if (const auto mistake = fault(text, wanted.value))
      finding.diagnoses.push_back(replacement(wanted, *mistake, text));
  }
  if (!finding.diagnoses.empty()) return finding;
  if (elsewhere || other) {
    finding.diagnoses.push_back(elsewhere ? *elsewhere : *other);
    return finding;
  }
  const auto foreign = std::find_if(
      texts.begin(), texts.end(), [](const std::string& text) { return text.starts_with(prefix); });
  finding.diagnoses.push_back(foreign == texts.end()
                                  ? diagnosis(wanted, Mistake::record_missing, "")
                                  : diagnosis(wanted, Mistake::challenge_of_another, *foreign));
  return finding;
}

}  // namespace policy::doctor
