#pragma once

#include "relay/config/config.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace config {

/// Where something stands in the file, both counted from 1.
struct Place {
  std::size_t line = 1, column = 1;
};

enum class Shape : std::uint8_t { null, scalar, sequence, map };

struct Member;

/// One node of the file's tree: what yaml-cpp's own tree does not keep (duplicate keys, quoting) is
/// kept here.
struct Node {
  Shape shape = Shape::null;
  Place place;
  std::string scalar;
  bool plain = false;   ///< a scalar written without quotes
  bool faulty = false;  ///< a mistake about it is written down already; the scalar is empty
  std::vector<Node> items;
  std::vector<Member>
      members;  ///< in the order of the file; a duplicate key is a mistake and left out

  [[nodiscard]] const Node* find(std::string_view key) const noexcept;
};

struct Member {
  std::string key;
  Place place;  ///< of the key
  Node value;
};

inline constexpr std::size_t max_file_octets = 1024 * 1024;
inline constexpr std::size_t max_depth = 12;

struct Tree {
  std::optional<Node> root;  ///< a map; none when the text is no YAML at all
  std::vector<Mistake> mistakes;
};

/// Reads YAML text into a tree. Refused with a mistake: duplicate keys, anchors, aliases, tags,
/// merge keys, keys that are not plain words, numbers that look octal (`010`), control characters,
/// a second document, more than max_depth levels.
[[nodiscard]] Tree read_tree(std::string_view text);

}  // namespace config
