#pragma once

#include "mail/result.hpp"
#include "policy/facts.hpp"
#include "policy/summary.hpp"
#include "relay/cli/doctor_command.hpp"
#include "relay/config/config.hpp"

#include <filesystem>
#include <functional>
#include <iosfwd>
#include <span>

namespace cli {

/// Fills in what DNS says of a message's DMARC; may wait for it, for some seconds a process.
using Preflight = std::function<void(policy::AppFacts& app, const policy::Summary& summary)>;
/// One that asks as the configuration says; empty where nothing is to be asked.
using MakePreflight = std::function<mail::Result<Preflight>(const config::Config& settings)>;

/// What is more than a question or a look at files; main gives it, so that cli depends on no other
/// part.
struct Commands {
  std::function<int(const std::filesystem::path& config)> serve;  ///< gives the exit code
  MakePreflight preflight;                                        ///< for `inspect --app`
  ExamineAlone examine_alone;                                     ///< for `doctor`
  /// `sendmail` with what follows it; gives the exit code
  std::function<int(std::span<const char* const> words)> sendmail;
};

struct Streams {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
};

/// Runs the command line. Exit codes: 0 done, 1 refused or failed, 2 wrong usage. Errors are one
/// plain sentence each.
[[nodiscard]] int run(int argc, const char* const* argv, const Commands& commands, Streams streams);

}  // namespace cli
