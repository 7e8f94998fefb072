#pragma once

#include "relay/config/section.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace config {

// The parts that read() puts together. Each reads its part of the file, `root`, into the
// configuration.

void read_listeners(const Section& root, Config& config);
void read_upstreams(const Section& root, Config& config);
void read_domains(const Section& root, Config& config);
void read_apps(const Section& root, Config& config);
void read_operator(const Section& root, Config& config);  ///< after the domains
void read_dns(const Section& root, Dns& dns);
void read_aws(const Section& root, const Config& config, Aws& aws);  ///< after the upstreams
void read_feedback(const Section& root, Feedback& feedback);
void read_policy(const Section& root, Config& config);

// What one part demands of another, after all are read.

void check_listeners(const Section& root, const Config& config);
void check_feedback(const Section& root, const Config& config);  ///< `sns` of listeners too
void check_upstreams(const Section& root, const Config& config);
void check_domains(const Section& root, const Config& config);
void check_apps(const Section& root, const Config& config);

// What several parts share.

/// A mail address in its compared form, the domain as A-label; `example` is for the sentence.
void read_address(const Section& section,
                  std::string_view key,
                  std::string_view example,
                  std::string& into);

/// Says of each name that stands in an earlier map of the list too, `what` it is the name of, and
/// the mend.
template <class Named>
void check_unique(const std::vector<Section>& sections,
                  const std::vector<Named>& named,
                  std::string_view what,
                  std::string_view mend) {
  for (std::size_t later = 1; later < sections.size(); ++later) {
    const auto end = named.begin() + static_cast<std::ptrdiff_t>(later);
    const bool is_second = std::any_of(named.begin(), end, [&](const Named& earlier) {
      return !earlier.name.empty() && earlier.name == named[later].name;
    });
    if (!is_second) continue;
    sections[later].mistake("name",
                            "a second " + std::string(what) + " named " +
                                in_quotes(named[later].name) + ": " + std::string(mend));
  }
}

}  // namespace config
