#pragma once

#include <filesystem>
#include <functional>
#include <iosfwd>

namespace cli {

/// The commands that are more than a question or a look at files; main gives them, so that cli
/// depends on no other part.
struct Commands {
  std::function<int(const std::filesystem::path& config)> serve;  ///< gives the exit code
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
