#pragma once

#include "relay/config/section.hpp"

namespace config {

// The parts that read() puts together. Each reads its part of the file, `root`, into the
// configuration.

void read_listeners(const Section& root, Config& config);
void read_upstreams(const Section& root, Config& config);
void read_domains(const Section& root, Config& config);
void read_apps(const Section& root, Config& config);
void read_policy(const Section& root, policy::Rules& rules);

// What one part demands of another, after all are read.

void check_listeners(const Section& root, const Config& config);
void check_domains(const Section& root, const Config& config);
void check_apps(const Section& root, const Config& config);

}  // namespace config
