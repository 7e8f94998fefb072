#include "relay/cli/restore.hpp"

#include "relay/observe/escape.hpp"
#include "relay/spool/backup.hpp"

#include <fmt/format.h>

#include <chrono>
#include <ostream>

namespace cli {

int restore(const std::filesystem::path& backup_file,
            const config::Config& settings,
            bool json,
            Streams streams) {
  const auto now = std::chrono::system_clock::now();
  const auto held =
      spool::restore(backup_file, settings.data_dir, now, now + settings.queue.hold_expire / 2);
  if (!held) {
    streams.err << observe::escaped(held.error().sentence()) << '\n';
    return 1;
  }
  if (json) {
    streams.out << fmt::format("{{\"held\":{}}}\n", *held);
    return 0;
  }
  streams.out << fmt::format(
      "Restored: {} message{} held `restored`.\n", *held, *held == 1 ? " is" : "s are");
  if (*held > 0) {
    streams.out << "Some may have been sent since the backup. Start the relay, look at `postern "
                   "queue list --reason restored`; `postern queue release --reason restored` sends "
                   "them.\n";
  }
  return 0;
}

}  // namespace cli
