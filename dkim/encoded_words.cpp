#include "dkim/encoded_words.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <cstdint>

namespace dkim {
namespace {

constexpr std::size_t max_encoded_word =
    60;  // RFC 2047 allows 75; fits behind most field names in a line of 76
constexpr std::string_view hex_digits = "0123456789ABCDEF";

constexpr std::uint8_t octet(char c) noexcept { return static_cast<std::uint8_t>(c); }

/// The length of the UTF-8 character at the front, 0 if there is none.
std::size_t utf8_length(std::string_view text) noexcept {
  const std::uint8_t first = octet(text.front());
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < length) return 0;
  const std::uint8_t second = octet(text[1]);
  if ((first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F) ||
      (first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F)) {
    return 0;
  }
  const auto continues = [](char c) { return (octet(c) & 0xC0) == 0x80; };
  return std::all_of(
             text.begin() + 1, text.begin() + static_cast<std::ptrdiff_t>(length), continues)
             ? length
             : 0;
}

/// RFC 2047 5 (3): what may stand for itself in a phrase.
constexpr bool safe_in_phrase(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '!' ||
         c == '*' || c == '+' || c == '-' || c == '/';
}

std::string q_encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == ' ') {
      out += '_';
    } else if (safe_in_phrase(c)) {
      out += c;
    } else {
      out += '=';
      out += hex_digits[octet(c) >> 4];
      out += hex_digits[octet(c) & 0x0F];
    }
  }
  return out;
}

std::string b_encoded(std::string_view text) {
  std::string out(4 * ((text.size() + 2) / 3) + 1, '\0');  // EVP_EncodeBlock ends with a NUL
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                  reinterpret_cast<const unsigned char*>(text.data()),
                  static_cast<int>(text.size()));
  out.pop_back();
  return out;
}

/// How one text is encoded: every word of it the same way.
struct Encoding {
  bool utf8;
  bool b;
  std::string prefix;  ///< =?charset?B?

  explicit Encoding(std::string_view text)
      : utf8(is_utf8(text)),
        b(4 * ((text.size() + 2) / 3) < q_encoded(text).size()),
        prefix(std::string(utf8 ? "=?utf-8?" : "=?unknown-8bit?") + (b ? "B?" : "Q?")) {}

  [[nodiscard]] std::string word(std::string_view text) const {
    return prefix + (b ? b_encoded(text) : q_encoded(text)) + "?=";
  }
  /// The octets of `text` that the next word takes: as many whole characters as fit, at least one.
  [[nodiscard]] std::size_t take(std::string_view text) const {
    const std::size_t room = max_encoded_word - prefix.size() - 2;
    std::size_t taken = 0;
    std::size_t q_length = 0;
    while (taken < text.size()) {
      const std::size_t character = utf8 ? utf8_length(text.substr(taken)) : 1;
      q_length += b ? 0 : q_encoded(text.substr(taken, character)).size();
      const std::size_t length = b ? 4 * ((taken + character + 2) / 3) : q_length;
      if (length > room) break;
      taken += character;
    }
    return taken;
  }
};

bool is_encoded_word(std::string_view word) noexcept {
  return word.starts_with("=?") && word.ends_with("?=");
}

}  // namespace

bool is_ascii(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), [](char c) { return octet(c) < 0x80; });
}

bool is_utf8(std::string_view text) noexcept {
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string encoded_words(std::string_view text) {
  const Encoding encoding(text);
  std::string out;
  while (!text.empty()) {
    const std::size_t taken = encoding.take(text);
    if (!out.empty()) out += ' ';
    out += encoding.word(text.substr(0, taken));
    text.remove_prefix(taken);
  }
  return out;
}

std::vector<Word> split_words(std::string_view text) {
  std::vector<Word> words;
  while (true) {
    text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
    if (text.empty()) return words;
    const std::string_view word = text.substr(0, text.find_first_of(" \t"));
    words.push_back({std::string(word), std::string(word)});
    text.remove_prefix(word.size());
  }
}

std::string join_encoded(const std::vector<Word>& words) {
  std::string out;
  for (std::size_t i = 0; i < words.size();) {
    std::size_t end = i;
    std::string run;
    for (; end < words.size() && !is_ascii(words[end].written); ++end) {
      if (end > i) run += ' ';
      run += words[end].meaning;
    }
    if (!out.empty() && (end > i || words[i].spaced || !is_ascii(words[i - 1].written))) out += ' ';
    if (end == i) {
      out += words[i++].written;
      continue;
    }
    if (i > 0 && is_encoded_word(words[i - 1].written)) run.insert(0, 1, ' ');
    if (end < words.size() && is_encoded_word(words[end].written)) run += ' ';
    out += encoded_words(run);
    i = end;
  }
  return out;
}

}  // namespace dkim
