#pragma once

#include "mail/header_fields.hpp"
#include "policy/mime/transfer_decoding.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace policy::mime {

inline constexpr std::size_t max_readings =
    2;  ///< of one part's Content-Type; a third contradicts the first two anyway

/// One way to understand a part's Content-Type.
struct Reading {
  std::string type;  ///< media type, lower case; empty where it cannot be read
  std::string charset;
  std::vector<std::string> boundaries;  ///< every boundary parameter
  std::string evidence;                 ///< the field body
  /// Empty: ours. Of a reader with other habits, followed where it finds parts: what is then wrong.
  std::string_view guess = {};

  [[nodiscard]] bool is_container() const noexcept { return type.starts_with("multipart/"); }
};

/// What the Content-… fields of a message or a body part say, all fields of a name taken together.
struct PartHeader {
  std::vector<Reading>
      readings;  ///< of Content-Type, at most max_readings, empty without the field
  std::string
      contradiction;  ///< the second of two Content-Type fields that lead to different messages
  std::vector<std::string> names;  ///< every file name, as written; never blank
  bool hidden_name =
      false;  ///< no name, but one that other readers see: in comments, in odd quotes
  std::vector<std::string> dispositions;  ///< lower case, may be empty ones
  std::vector<Encoding> encodings;        ///< each once, identity without the field
  std::string content_id;                 ///< without its angle brackets
};

[[nodiscard]] PartHeader read_part_header(const mail::HeaderSection& header);

}  // namespace policy::mime
