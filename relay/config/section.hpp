#pragma once

#include "relay/config/findings.hpp"
#include "relay/config/tree.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace config {

/// A word of the file and the value it stands for.
template <class Value>
using Word = std::pair<std::string_view, Value>;

/// One map of the file, read key by key into a value that holds the default. What check_tree found
/// wrong is left at its default here without another mistake, so that one slip is said once.
class Section {
 public:
  /// `map` may be null: every key is then left out. `folder` is where relative paths start.
  Section(const Node* map, const std::filesystem::path& folder, Findings& findings)
      : map_(map), folder_(&folder), findings_(&findings) {}

  [[nodiscard]] bool has(std::string_view key) const { return find(key) != nullptr; }
  [[nodiscard]] const Node* node(
      std::string_view key) const;  ///< a scalar that is not empty, or null
  [[nodiscard]] Place place(
      std::string_view key) const;  ///< of the value, or of the map when it is left out
  [[nodiscard]] Section section(std::string_view key) const;
  [[nodiscard]] std::vector<Section> sections(
      std::string_view key) const;  ///< of a map or of a list of maps
  [[nodiscard]] std::vector<const Node*> items(std::string_view key) const;  ///< scalars of a list

  void read(std::string_view key, std::string& into) const;
  void read(std::string_view key, bool& into) const;
  void read(std::string_view key, std::filesystem::path& into) const;
  void read(std::string_view key, std::chrono::seconds& into) const;
  void read(std::string_view key, Endpoint& into) const;
  void read(std::string_view key, std::uint64_t& into) const;  ///< an integer
  void read(std::string_view key, double& into) const;         ///< a ratio
  void read_size(std::string_view key, std::uint64_t& into) const;
  [[nodiscard]] std::optional<std::int64_t> integer(std::string_view key) const;

  /// The secret itself, or the one in the file that `key`_file names.
  void read_secret(std::string_view key, Secret& into) const;

  template <class Value, std::size_t N>
  void read(std::string_view key, const std::array<Word<Value>, N>& words, Value& into) const {
    const std::string* text = scalar(key);
    if (text == nullptr) return;
    for (const auto& [word, value] : words)
      if (word == *text) into = value;
  }

  void mistake(std::string_view key, std::string text) const {
    findings_->mistake(place(key), std::move(text));
  }
  void warn(std::string_view key, std::string text) const {
    findings_->warn(place(key), std::move(text));
  }
  [[nodiscard]] Findings& findings() const noexcept { return *findings_; }

 private:
  [[nodiscard]] const Node* find(std::string_view key) const;
  [[nodiscard]] const std::string* scalar(std::string_view key) const;

  const Node* map_;
  const std::filesystem::path* folder_;
  Findings* findings_;
};

}  // namespace config
