#pragma once

#include "mail/result.hpp"

#include <sys/types.h>

#include <cstddef>
#include <filesystem>
#include <string>

namespace config {

struct FileText {
  std::string text;
  mode_t mode = 0;
};

/// A regular file of at most `most` octets. Never waits: a pipe or device is refused. The Failure
/// begins with the path in backquotes and says what to change.
[[nodiscard]] mail::Result<FileText> read_file(const std::filesystem::path& file, std::size_t most);

}  // namespace config
