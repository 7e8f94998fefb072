#pragma once

#include "mail/result.hpp"

#include <filesystem>

namespace spool {

/// Makes an empty file that only its owner may read, in place of one of that name.
mail::Result<void> make_private_file(const std::filesystem::path& file);

/// Flushes a file's octets.
mail::Result<void> flush_file(const std::filesystem::path& file);

/// Gives a flushed file its final name and flushes the directory.
mail::Result<void> rename_durably(const std::filesystem::path& from,
                                  const std::filesystem::path& to);

}  // namespace spool
