#pragma once

#include "mail/result.hpp"
#include "relay/spool/entry.hpp"

#include <cstdint>
#include <filesystem>

namespace spool {

/// Puts a backup (Store::backup) in the place of the spool of `data_dir`, for `postern restore`.
/// What is there already is kept as `spool.sqlite.before-restore-N`. Every entry that may still be
/// sent (queued, in doubt or held) is held `restored` from `now`, to be looked at again at
/// `look_at`, with an event, because it may have been sent since the backup was made. Gives how
/// many they are. Fails with a sentence while another process has the directory, and when the file
/// is no backup of a spool that this version can read; the spool that is there then stays in place.
mail::Result<std::uint64_t> restore(const std::filesystem::path& backup_file,
                                    const std::filesystem::path& data_dir,
                                    WallTime now,
                                    WallTime look_at);

}  // namespace spool
