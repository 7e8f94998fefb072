#pragma once

#include "mail/header_fields.hpp"
#include "policy/mime/part_header.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace policy::mime {

inline constexpr std::size_t max_depth =
    20;  ///< containers inside each other, the message's own counted
inline constexpr std::size_t max_parts = 100;  ///< of a message, in all readings together

/// One node of a MIME tree under one reading of its Content-Type. Views point into the message.
struct Node {
  std::string path;  ///< "1" for the message itself, "1.2" for its second part
  std::string
      type;  ///< media type, lower case; "text/plain" where absent; empty where it cannot be read
  std::string charset;       ///< of a text
  std::string parent_type;   ///< media type of the container, empty for the message itself
  std::size_t position = 0;  ///< among the container's parts, from 1
  std::shared_ptr<const PartHeader> header;
  std::string_view body;  ///< still encoded

  [[nodiscard]] bool is_container() const noexcept { return type.starts_with("multipart/"); }
};

/// What makes a tree one that two readers would read differently.
struct TreeFault {
  std::string what;
  std::string evidence;
};

struct Tree {
  std::vector<Node> nodes;         ///< in document order, never empty
  std::optional<TreeFault> fault;  ///< the first
};

/// Splits a message into its parts (RFC 2046 5.1): delimiters behind the closing one count, a
/// missing closing one ends the last part at the end, white space behind a delimiter is allowed,
/// and each of two Content-Type readings is followed.
[[nodiscard]] Tree read_tree(const mail::HeaderSection& header, std::string_view body);

}  // namespace policy::mime
