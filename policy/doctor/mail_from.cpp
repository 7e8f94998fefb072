#include "policy/doctor/finding.hpp"
#include "policy/doctor/spf_faults.hpp"
#include "policy/ip_address.hpp"
#include "policy/record_plan.hpp"

#include <algorithm>

namespace policy::doctor {
namespace {

/// The host of an MX text "10 host"; the whole where no preference stands in front.
std::string_view host_of(std::string_view mx) noexcept {
  const auto space = mx.find(' ');
  const bool numbered = mx.find_first_not_of("0123456789") == space && space != 0;
  return numbered && space != std::string_view::npos ? mx.substr(space + 1) : mx;
}

bool leads_to(std::string_view mx, const DomainSetup& setup) {
  return host_of(mx) == feedback_host(setup.region) && host_of(mx).size() < mx.size();
}

Mistake mx_mistake(std::string_view mx, const DomainSetup& setup) {
  const std::string_view host = host_of(mx);
  const std::string ours = feedback_host(setup.region);
  if (is_ip4_address(host) || is_ip6_address(host)) return Mistake::mx_address;
  if (host.ends_with(ours)) return Mistake::mx_preference;
  if (host.starts_with(ours + '.')) return Mistake::zone_appended;
  if (host.starts_with("feedback-smtp.") && host.ends_with(".amazonses.com"))
    return Mistake::region_wrong;
  return Mistake::target_wrong;
}

Finding judge_mx(const Case& c) {
  const WantedRecord wanted = mail_from_mx(c.setup);
  Finding finding{.result = result_without(c.dns.look(wanted.name, wanted.type))};
  if (finding.result != CheckResult::bad) return finding;
  const auto hosts = c.dns.texts(wanted.name, wanted.type);
  const auto fits = [&c](std::string_view mx) { return leads_to(mx, c.setup); };
  if (hosts.size() == 1 && fits(hosts.front())) return {.result = CheckResult::good};
  if (hosts.empty()) {
    std::vector<Place> places = common_places(c, wanted.name);
    places.push_back({c.setup.name, Mistake::label_left_out});
    const auto elsewhere = misplaced(c, wanted, places, fits);
    const auto other = in_the_way(c, wanted);
    finding.diagnoses.push_back(elsewhere ? *elsewhere
                                : other   ? *other
                                          : diagnosis(wanted, Mistake::record_missing, ""));
    return finding;
  }
  if (const auto other = in_the_way(c, wanted)) {
    finding.diagnoses.push_back(*other);
    return finding;
  }
  std::vector<StandingRecord> remove;
  for (const std::string& mx : hosts)
    if (!fits(mx)) remove.push_back(standing(wanted.name, wanted.type, mx));
  const Mistake mistake =
      hosts.size() > 1 ? Mistake::several_mx : mx_mistake(hosts.front(), c.setup);
  finding.diagnoses.push_back(diagnosis(wanted, mistake, hosts.front(), std::move(remove)));
  return finding;
}

Finding judge_envelope_spf(const Case& c) {
  const WantedRecord wanted = mail_from_spf(c.setup);
  std::vector<Place> places = common_places(c, wanted.name);
  places.push_back({"_spf." + wanted.name, Mistake::spf_elsewhere});
  return judge_spf(
      c, wanted.name, c.verdicts.mail_from_spf, places, [&c](const std::vector<std::string>&) {
        return mail_from_spf(c.setup);
      });
}

}  // namespace

Finding mail_from(const Case& c) {
  if (c.setup.mail_from.empty() || c.setup.region.empty()) return {};
  Finding mx = judge_mx(c);
  Finding envelope = judge_envelope_spf(c);
  mx.diagnoses.insert(mx.diagnoses.end(), envelope.diagnoses.begin(), envelope.diagnoses.end());
  for (const CheckResult result : {CheckResult::silent, CheckResult::bad, CheckResult::unknown}) {
    if (mx.result == result || envelope.result == result) return {result, mx.diagnoses};
  }
  return mx;
}

}  // namespace policy::doctor
