#include "dkim/field_encoding.hpp"

#include "dkim/encoded_words.hpp"
#include "mail/header_fields.hpp"

#include <idn2.h>

#include <algorithm>
#include <array>
#include <memory>
#include <utility>
#include <vector>

namespace dkim {
namespace {

enum class FieldKind { unstructured, addresses, angles, parameters };

FieldKind kind_of(std::string_view name) noexcept {
  constexpr std::array<std::string_view, 17> addresses = {"abuse-reports-to",
                                                          "apparently-to",
                                                          "cc",
                                                          "delivered-to",
                                                          "disposition-notification-to",
                                                          "from",
                                                          "mail-followup-to",
                                                          "mail-reply-to",
                                                          "original-from",
                                                          "reply-to",
                                                          "resent-cc",
                                                          "resent-from",
                                                          "resent-reply-to",
                                                          "resent-sender",
                                                          "resent-to",
                                                          "return-receipt-to",
                                                          "to"};
  constexpr std::array<std::string_view, 7> angles = {"archived-at",
                                                      "content-id",
                                                      "in-reply-to",
                                                      "message-id",
                                                      "original-message-id",
                                                      "references",
                                                      "resent-message-id"};
  const auto in = [name](const auto& names) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  if (in(addresses) || name == "sender" || name == "x-confirm-reading-to") {
    return FieldKind::addresses;
  }
  if (in(angles) || name.starts_with("list-")) return FieldKind::angles;
  if (name == "content-type" || name == "content-disposition") return FieldKind::parameters;
  return FieldKind::unstructured;
}

std::string percent_encoded(std::string_view text, std::string_view also = {}) {
  constexpr std::string_view hex_digits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto octet = static_cast<unsigned char>(c);
    if (octet > ' ' && octet < 0x7F && also.find(c) == std::string_view::npos) {
      out += c;
    } else {
      out += {'%', hex_digits[octet >> 4], hex_digits[octet & 0x0F]};
    }
  }
  return out;
}

/// The end of the quoted string, comment or angle bracket that opens at `start`; the end of the
/// text if it stays open.
std::size_t closing(std::string_view text, std::size_t start) noexcept {
  const char open = text[start];
  const char close = open == '(' ? ')' : open == '<' ? '>' : open == '[' ? ']' : '"';
  std::size_t depth = 1;
  for (std::size_t i = start + 1; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == close) {
      if (--depth == 0) return i + 1;
    } else if (open == '(' && text[i] == '(') {
      ++depth;
    } else if (open == '<' && text[i] == '"') {
      i = closing(text, i) - 1;
    }
  }
  return text.size();
}

/// The content of a quoted string or comment, without its delimiters and backslashes.
std::string unquoted(std::string_view text, char close) {
  text.remove_prefix(1);
  if (text.ends_with(close)) text.remove_suffix(1);
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) ++i;
    out += text[i];
  }
  return out;
}

struct Token {
  char kind;  ///< the delimiter it opens with or is: " ( < , ; : or 'w' for any other word
  std::string_view text;
  bool spaced;  ///< white space stands before it
};

std::size_t word_end(std::string_view text, std::size_t start) noexcept {
  constexpr std::string_view ends_word = " \t\"(<,;:";
  std::size_t i = start;
  while (i < text.size() && ends_word.find(text[i]) == std::string_view::npos) {
    i = text[i] == '[' ? closing(text, i) : i + 1;
  }
  return i;
}

std::vector<Token> tokens(std::string_view text) {
  std::vector<Token> found;
  for (std::size_t start = 0; start < text.size();) {
    if (text[start] == ' ' || text[start] == '\t') {
      ++start;
      continue;
    }
    const bool spaced = start > 0 && (text[start - 1] == ' ' || text[start - 1] == '\t');
    const char first = text[start];
    const bool opens = first == '"' || first == '(' || first == '<';
    const bool separates = first == ',' || first == ';' || first == ':';
    const std::size_t end = opens       ? closing(text, start)
                            : separates ? start + 1
                                        : word_end(text, start);
    found.push_back({opens || separates ? first : 'w', text.substr(start, end - start), spaced});
    start = end;
  }
  return found;
}

/// The address with its domain as A-labels; nothing if its local part or its domain has no ASCII
/// form.
std::optional<std::string> ascii_address(std::string_view address) {
  if (is_ascii(address)) return std::string(address);
  const auto at = address.rfind('@');
  if (at == std::string_view::npos || !is_ascii(address.substr(0, at))) return std::nullopt;
  char* converted = nullptr;
  const std::string domain(address.substr(at + 1));
  if (idn2_to_ascii_8z(domain.c_str(), &converted, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) !=
      IDN2_OK) {
    return std::nullopt;
  }
  const std::unique_ptr<char, decltype(&idn2_free)> owner(converted, idn2_free);
  return std::string(address.substr(0, at + 1)) + converted;
}

std::string encoded_comment(std::string_view comment) {
  if (is_ascii(comment)) return std::string(comment);
  return "(" + encoded_words(unquoted(comment, ')')) + ")";
}

/// Rewrites a list of mailboxes, or of things in angle brackets, token by token.
class ListEncoder {
 public:
  explicit ListEncoder(FieldKind kind) : kind_(kind) {}

  std::optional<std::string> encode(std::string_view value) {
    for (const Token& token : tokens(value)) take(token);
    end_mailbox();
    return sendable_ ? std::optional(std::move(out_)) : std::nullopt;
  }

 private:
  void take(const Token& token) {
    switch (token.kind) {
      case '<':
        end_phrase();
        append(encoded_angle(token.text));
        break;
      case ':':
        end_phrase();
        out_ += token.text;
        break;
      case ',':
      case ';':
        end_mailbox();
        out_ += token.text;
        break;
      case '"':
        add_word(token, unquoted(token.text, '"'));
        break;
      default:
        add_word(token, std::string(token.text));
        break;
    }
  }

  void add_word(const Token& token, std::string meaning) {
    const bool comment = token.kind == '(';
    words_.push_back({comment ? encoded_comment(token.text) : std::string(token.text),
                      std::move(meaning),
                      token.spaced});
  }

  std::string encoded_angle(std::string_view angle) {
    if (is_ascii(angle)) return std::string(angle);
    if (kind_ == FieldKind::angles) return percent_encoded(angle);
    angle.remove_prefix(1);
    if (angle.ends_with('>')) angle.remove_suffix(1);
    return "<" + ascii_or_fail(angle) + ">";
  }

  std::string ascii_or_fail(std::string_view address) {
    auto ascii = ascii_address(address);
    if (!ascii) sendable_ = false;
    return std::move(ascii).value_or(std::string());
  }

  void append(std::string_view piece) {
    if (!out_.empty() && !piece.empty()) out_ += ' ';
    out_ += piece;
  }

  void end_phrase() {
    append(join_encoded(words_));
    words_.clear();
  }

  /// What stands before a separator or the end without angle brackets: a bare address, or words.
  void end_mailbox() {
    for (std::size_t i = 0; i < words_.size() && kind_ == FieldKind::addresses; ++i) {
      Word& word = words_[i];
      const bool next_has_domain =
          i + 1 < words_.size() && !words_[i + 1].spaced && words_[i + 1].written.starts_with('@');
      const bool quoted = word.written.starts_with('"') || word.written.starts_with('(');
      if (next_has_domain) {
        sendable_ = sendable_ && is_ascii(word.written);
      } else if (!quoted && word.written.find('@') != std::string::npos) {
        word.written = ascii_or_fail(word.written);
      }
    }
    end_phrase();
  }

  FieldKind kind_;
  bool sendable_ = true;  ///< every address so far has an ASCII form
  std::vector<Word> words_;
  std::string out_;
};

/// One `attribute=value` by RFC 2231; anything else by RFC 2047.
std::string encoded_parameter(std::string_view parameter) {
  const auto equals = parameter.find('=');
  const std::string_view attribute = mail::trim(parameter.substr(0, equals));
  if (equals == std::string_view::npos || attribute.empty() || !is_ascii(attribute)) {
    return encoded_words(parameter);
  }
  const std::string_view written = mail::trim(parameter.substr(equals + 1));
  const std::string value =
      written.starts_with('"') ? unquoted(written, '"') : std::string(written);
  const std::string name(attribute);
  if (attribute.ends_with('*')) return name + "=" + percent_encoded(value, "\"();,<>@:\\/[]?=");
  return name + "*=" + (is_utf8(value) ? "utf-8''" : "unknown-8bit''") +
         percent_encoded(value, "\"();,<>@:\\/[]?=*'%");
}

std::string encode_parameters(std::string_view value) {
  std::string out;
  while (true) {
    std::size_t end = 0;
    while (end < value.size() && value[end] != ';') {
      end = value[end] == '"' || value[end] == '(' ? closing(value, end) : end + 1;
    }
    const std::string_view piece = mail::trim(value.substr(0, end));
    if (!out.empty()) out += "; ";
    out += is_ascii(piece) ? std::string(piece) : encoded_parameter(piece);
    if (end >= value.size()) return out;
    value.remove_prefix(end + 1);
  }
}

}  // namespace

std::optional<std::string> encode_value(std::string_view lower_name, std::string_view value) {
  const FieldKind kind = kind_of(lower_name);
  switch (kind) {
    case FieldKind::addresses:
    case FieldKind::angles:
      return ListEncoder(kind).encode(value);
    case FieldKind::parameters:
      return encode_parameters(value);
    case FieldKind::unstructured:
      break;
  }
  return join_encoded(split_words(value));
}

std::optional<std::string> fold(std::string_view field) {
  constexpr std::string_view blanks = " \t";
  std::string out;
  std::size_t line = 0;
  while (!field.empty()) {
    const std::size_t word = std::min(field.find_first_not_of(blanks), field.size());
    const std::size_t end = std::min(field.find_first_of(blanks, word), field.size());
    if (line > 0 && line + end > max_encoded_line) {
      out += "\r\n";
      line = 0;
    }
    out += field.substr(0, end);
    line += end;
    if (line > max_line) return std::nullopt;
    field.remove_prefix(end);
  }
  return out;
}

}  // namespace dkim
