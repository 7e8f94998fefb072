#pragma once

#include "mail/result.hpp"
#include "relay/keystore/master_key.hpp"

#include <filesystem>

namespace keystore {

struct LoadedKey {
  MasterKey key;
  bool made = false;  ///< just now: whoever reads this should back the file up
};

/// Where the master key lies unless master_key_file says otherwise.
[[nodiscard]] std::filesystem::path default_file(const std::filesystem::path& data_dir);

/// The master key in `file`, which must be there, closed to others as a DKIM key file is. A Failure
/// names the file and shows nothing of what it holds.
[[nodiscard]] mail::Result<MasterKey> read_master_key(const std::filesystem::path& file);

/// The master key in data_dir/master.key. One is made where there is none, mode 0600 and on stable
/// storage under its name before this returns, unless data_dir is not durable. Of two that make it
/// at once, both get the first one's.
[[nodiscard]] mail::Result<LoadedKey> read_or_make_master_key(const std::filesystem::path& data_dir,
                                                              bool durable);

}  // namespace keystore
