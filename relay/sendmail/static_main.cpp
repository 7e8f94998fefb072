#include "relay/sendmail/run.hpp"
#include "relay/sendmail/settings.hpp"

#include <fmt/format.h>

#include <span>
#include <string_view>

/// `postern-sendmail`: sendmail and nothing else, without a library to load.
int main(int argc, char** argv) {
  const std::span<const char* const> words(argv, static_cast<std::size_t>(argc));
  if (argc == 2 && std::string_view(argv[1]) == "--version") {
    fmt::print("postern-sendmail {}\n", POSTERN_VERSION);
    return 0;
  }
  return sendmail::run(words.subspan(argc > 0 ? 1 : 0), sendmail::settings_file);
}
