#pragma once

#include "relay/cli/console.hpp"

#include <memory>

namespace cli {

/// `postern send-test`: one message through the whole path, each step as it comes.
void add_send_test_command(CLI::App& root, const std::shared_ptr<Console>& console, int& exit_code);

}  // namespace cli
