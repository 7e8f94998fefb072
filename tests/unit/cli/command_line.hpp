#pragma once

#include "relay/cli/run.hpp"

#include <span>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace test {

struct Outcome {
  int exit_code = 0;
  std::string out, err;
  std::filesystem::path served;  ///< the configuration that `serve` was given
  std::vector<std::string> handed_to_sendmail;
};

/// What DNS says of DMARC: nothing is to be asked.
inline mail::Result<cli::Preflight> nothing_to_ask(const config::Config&) {
  return cli::Preflight();
}

/// Runs `postern ARGUMENTS`.
inline Outcome run(const std::vector<std::string>& arguments,
                   const std::string& standard_input = {},
                   cli::MakePreflight preflight = nothing_to_ask) {
  Outcome outcome;
  std::istringstream in(standard_input);
  std::ostringstream out, err;
  std::vector<const char*> argv{"postern"};
  for (const std::string& argument : arguments) argv.push_back(argument.c_str());
  const auto serve = [&outcome](const std::filesystem::path& config) {
    outcome.served = config;
    return 0;
  };
  const auto sendmail = [&outcome](std::span<const char* const> words) {
    outcome.handed_to_sendmail.assign(words.begin(), words.end());
    return 75;
  };
  cli::Commands commands;
  commands.serve = serve;
  commands.preflight = std::move(preflight);
  commands.sendmail = sendmail;
  outcome.exit_code =
      cli::run(static_cast<int>(argv.size()), argv.data(), commands, {in, out, err});
  outcome.out = out.str();
  outcome.err = err.str();
  return outcome;
}

}  // namespace test
