#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace dkim {

[[nodiscard]] bool is_ascii(std::string_view text) noexcept;

/// RFC 3629: no overlong form, no surrogate, nothing above U+10FFFF.
[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

/// `text` as RFC 2047 encoded words of at most 60 octets, with a single space between them: charset
/// utf-8 where it is UTF-8, else unknown-8bit (RFC 1428); B or Q, whichever is shorter; no
/// character split. Safe in a phrase too.
[[nodiscard]] std::string encoded_words(std::string_view text);

/// One word of a phrase or of unstructured text.
struct Word {
  std::string written;  ///< as the field has it, with its quotes
  std::string meaning;  ///< what a reader takes it for
  bool spaced = true;   ///< white space stands before it
};

/// The words of unstructured text, split at white space.
[[nodiscard]] std::vector<Word> split_words(std::string_view text);

/// The words in a row, those with 8-bit octets encoded. Runs of such words are encoded as one,
/// because readers drop the white space between encoded words.
[[nodiscard]] std::string join_encoded(const std::vector<Word>& words);

}  // namespace dkim
