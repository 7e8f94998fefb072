#pragma once

#include "relay/cli/console.hpp"
#include "relay/config/config.hpp"
#include "relay/doctor/finding.hpp"

#include <functional>
#include <memory>

namespace cli {

/// What can be seen without a running relay.
using ExamineAlone = std::function<doctor::Findings(const config::Config& settings)>;

/// `postern doctor`: the running relay's findings; with none running, what can be seen without it.
void add_doctor_command(CLI::App& root,
                        const std::shared_ptr<Console>& console,
                        std::function<config::Config()> settings,
                        ExamineAlone examine_alone,
                        int& exit_code);

}  // namespace cli
