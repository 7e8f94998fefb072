#pragma once

#include "relay/config/config.hpp"
#include "relay/config/tree.hpp"

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace config {

/// What is wrong with a file, gathered while it is read.
struct Findings {
  std::vector<Mistake> mistakes;
  std::vector<Mistake> warnings;
  std::vector<std::filesystem::path> secret_files;  ///< that were read

  void mistake(Place place, std::string text) {
    mistakes.push_back({place.line, place.column, std::move(text)});
  }
  void warn(Place place, std::string text) {
    warnings.push_back({place.line, place.column, std::move(text)});
  }
};

/// A foreign value for a sentence: printable, at most 60 octets, in backquotes.
[[nodiscard]] std::string in_quotes(std::string_view value);

}  // namespace config
