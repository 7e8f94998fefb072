#include "policy/doctor/finding.hpp"
#include "policy/doctor/published_key.hpp"
#include "policy/record_plan.hpp"

#include <algorithm>

namespace policy::doctor {
namespace {

/// What stands where one of the three CNAMEs belongs.
Diagnosis cname_mistake(const Case& c, const WantedRecord& wanted, std::string_view target) {
  const auto& tokens = c.setup.dkim_tokens;
  const bool swapped = std::any_of(tokens.begin(), tokens.end(), [&](const std::string& token) {
    return token_record(c.setup, token).value == target;
  });
  if (swapped) return replacement(wanted, Mistake::token_swapped, target);
  const bool appended = target.starts_with(wanted.value + '.');
  if (appended) return replacement(wanted, Mistake::zone_appended, target);
  if (auto other = in_the_way(c, wanted)) return *other;
  return replacement(wanted, Mistake::target_wrong, target);
}

/// What a CNAME was turned into by the DNS provider or by who entered it.
std::optional<Diagnosis> converted(const Case& c, const WantedRecord& wanted) {
  const auto texts = c.dns.texts(wanted.name, RecordType::txt);
  std::vector<StandingRecord> addresses;
  for (const RecordType type : {RecordType::a, RecordType::aaaa}) {
    for (const std::string& address : c.dns.texts(wanted.name, type))
      addresses.push_back(standing(wanted.name, type, address));
  }
  WantedRecord as_address = wanted;
  as_address.type = RecordType::a;
  const bool wildcard = in_the_way(c, as_address).has_value();
  for (const std::string& text : texts) {
    const bool is_target = text == wanted.value || text == wanted.value + '.';
    if (!is_target && !looks_like_key(text)) continue;
    return diagnosis(wanted,
                     is_target ? Mistake::cname_as_text : Mistake::cname_flattened,
                     text,
                     {standing(wanted.name, RecordType::txt, text)});
  }
  if (addresses.empty()) return std::nullopt;
  const std::string found = addresses.front().value;
  if (wildcard) return diagnosis(wanted, Mistake::wildcard_answers, found);
  return diagnosis(wanted, Mistake::cname_proxied, found, std::move(addresses));
}

Finding token(const Case& c, const std::string& token) {
  const WantedRecord wanted = token_record(c.setup, token);
  Finding finding{.result = result_without(c.dns.look(wanted.name, wanted.type))};
  if (finding.result != CheckResult::bad) return finding;
  const auto targets = c.dns.texts(wanted.name, wanted.type);
  if (targets == std::vector{wanted.value}) return {.result = CheckResult::good};
  if (!targets.empty()) {
    finding.diagnoses.push_back(cname_mistake(c, wanted, targets.front()));
    return finding;
  }
  std::vector<Place> places = common_places(c, wanted.name);
  places.push_back({token + '.' + c.setup.name, Mistake::domainkey_missing});
  places.push_back({token + ".domainkey." + c.setup.name, Mistake::underscore_missing});
  const auto fits = [&wanted](std::string_view target) { return target == wanted.value; };
  const auto elsewhere = misplaced(c, wanted, places, fits);
  const auto other = converted(c, wanted);
  if (elsewhere || other)
    finding.diagnoses.push_back(elsewhere ? *elsewhere : *other);
  else
    finding.diagnoses.push_back(diagnosis(wanted, Mistake::record_missing, ""));
  return finding;
}

}  // namespace

Finding tokens(const Case& c) {
  Finding all;
  if (c.setup.dkim_tokens.empty()) return all;
  all.result = CheckResult::good;
  for (const std::string& name : c.setup.dkim_tokens) {
    const Finding one = token(c, name);
    all.diagnoses.insert(all.diagnoses.end(), one.diagnoses.begin(), one.diagnoses.end());
    // silent before unknown before bad before good
    const auto outweighs = [](CheckResult result) {
      switch (result) {
        case CheckResult::silent:
          return 3;
        case CheckResult::unknown:
          return 2;
        case CheckResult::bad:
          return 1;
        case CheckResult::good:
          return 0;
      }
      return 0;
    };
    if (outweighs(one.result) > outweighs(all.result)) all.result = one.result;
  }
  return all;
}

}  // namespace policy::doctor
