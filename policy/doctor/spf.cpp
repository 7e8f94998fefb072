#include "policy/doctor/finding.hpp"
#include "policy/doctor/spf_faults.hpp"
#include "policy/record_plan.hpp"

namespace policy::doctor {

Finding spf(const Case& c) {
  const std::string& domain = c.setup.name;
  if (c.setup.region.empty()) return {};
  const std::vector<Place> places{{domain + '.' + domain, Mistake::zone_doubled},
                                  {"_spf." + domain, Mistake::spf_elsewhere},
                                  {"spf." + domain, Mistake::spf_elsewhere},
                                  {"www." + domain, Mistake::below_www}};
  return judge_spf(
      c, domain, c.verdicts.domain_spf, places, [&c](const std::vector<std::string>& published) {
        return spf_record(c.setup, published, c.dns);
      });
}

}  // namespace policy::doctor
