#include "policy/mime/structured_field.hpp"

#include "mail/header_fields.hpp"
#include "policy/mime/transfer_decoding.hpp"

#include <algorithm>
#include <cstddef>

namespace policy::mime {
namespace {

constexpr bool blank(char c) noexcept { return c == ' ' || c == '\t'; }

/// token of RFC 2045 5.1.
constexpr bool is_token_char(char c) noexcept {
  return c > ' ' && c < '\x7f' &&
         std::string_view("()<>@,;:\\\"/[]?=").find(c) == std::string_view::npos;
}

std::size_t skip_blanks(std::string_view text, std::size_t at) noexcept {
  while (at < text.size() && blank(text[at])) ++at;
  return at;
}

/// Behind the closing quote of the quoted string at `at`, or `at` if it is not closed.
std::size_t end_of_quoted(std::string_view text, std::size_t at) noexcept {
  for (std::size_t i = at + 1; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      return i + 1;
    }
  }
  return at;
}

/// Behind the comment at `at`, nested ones included, or `at` if it is not closed.
std::size_t end_of_comment(std::string_view text, std::size_t at) noexcept {
  std::size_t depth = 0;
  for (std::size_t i = at; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '(') {
      ++depth;
    } else if (text[i] == ')' && --depth == 0) {
      return i + 1;
    }
  }
  return at;
}

std::string unquoted(std::string_view quoted) {
  std::string out;
  for (std::size_t i = 1; i + 1 < quoted.size(); ++i) {
    if (quoted[i] == '\\' && i + 2 < quoted.size()) ++i;
    out.push_back(quoted[i]);
  }
  return out;
}

/// One `name=value` as written.
struct Piece {
  std::string name;     ///< lower case, up to the first `*`
  std::size_t section;  ///< of `*0`, `*1` …; whole for a parameter in one piece
  bool extended;        ///< charset'language'percent-encoded
  std::string value;
};
constexpr std::size_t whole = static_cast<std::size_t>(-1);

Piece make_piece(std::string_view written_name, std::string value) {
  const auto star = written_name.find('*');
  Piece piece{mail::to_lower(written_name.substr(0, star)), whole, false, std::move(value)};
  if (star == std::string_view::npos) return piece;
  std::string_view rest = written_name.substr(star + 1);
  piece.extended = rest.empty() || rest.ends_with('*');
  if (rest.empty()) return piece;
  piece.section = 0;
  for (const char c : rest.substr(0, 4)) {
    if (c >= '0' && c <= '9')
      piece.section = piece.section * 10 + static_cast<std::size_t>(c - '0');
  }
  return piece;
}

/// Steps over quoted strings and comments. After the first one that is not closed its mark is an
/// ordinary character to the end, which keeps a reading linear.
class Spans {
 public:
  explicit Spans(std::string_view text) : text_(text) {}

  /// Behind the quoted string that starts at `at`, or `at` if none does.
  std::size_t quoted(std::size_t at) noexcept {
    if (!quotes_ || at >= text_.size() || text_[at] != '"') return at;
    const std::size_t end = end_of_quoted(text_, at);
    quotes_ = end != at;
    return end;
  }
  /// Behind the comment that starts at `at`, or `at` if none does.
  std::size_t comment(std::size_t at) noexcept {
    if (!comments_ || text_[at] != '(') return at;
    const std::size_t end = end_of_comment(text_, at);
    comments_ = end != at;
    return end;
  }

 private:
  std::string_view text_;
  bool quotes_ = true;
  bool comments_ = true;
};

/// Every `name=value` of the text, separated by semicolons or white space.
std::vector<Piece> read_pieces(std::string_view text) {
  std::vector<Piece> pieces;
  Spans spans(text);
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t name_end = std::min(text.find_first_of("; \t=\"", at), text.size());
    const std::string_view name = text.substr(at, name_end - at);
    const std::size_t equals = skip_blanks(text, name_end);
    if (name.empty() || equals >= text.size() || text[equals] != '=') {
      at = std::max({spans.quoted(name_end), name_end, at + 1});
      continue;
    }
    const std::size_t value = skip_blanks(text, equals + 1);
    const std::size_t quoted_end = spans.quoted(value);
    const bool is_quoted = quoted_end > value;
    at = is_quoted ? quoted_end : std::min(text.find_first_of("; \t", value), text.size());
    const std::string_view written = text.substr(value, at - value);
    pieces.push_back(make_piece(name, is_quoted ? unquoted(written) : std::string(written)));
  }
  return pieces;
}

/// Splits charset'language'text; the text stays whole where the quotes are missing.
std::string decode_extended(std::string_view value, std::string& charset) {
  const auto first = value.find('\'');
  const auto second = first == std::string_view::npos ? first : value.find('\'', first + 1);
  if (second != std::string_view::npos) {
    charset = std::string(value.substr(0, first));
    value.remove_prefix(second + 1);
  }
  return decode_percent(value);
}

/// A parameter in one piece.
Parameter parameter_of(const Piece& piece) {
  std::string charset;
  if (!piece.extended) return {piece.name, piece.value};
  std::string text = decode_extended(piece.value, charset);
  return {piece.name, to_utf8(text, charset).value_or(text)};
}

/// Joins the sections of RFC 2231 3 from `from` on that make one parameter; a section number that
/// comes twice begins another.
Parameter join(const std::vector<Piece>& sections, std::size_t& from) {
  Parameter joined{sections[from].name, {}};
  std::string charset;
  const std::size_t first = from;
  do {
    const Piece& piece = sections[from];
    const bool names_charset = piece.extended && from == first;
    joined.value += names_charset    ? decode_extended(piece.value, charset)
                    : piece.extended ? decode_percent(piece.value)
                                     : piece.value;
    ++from;
  } while (from < sections.size() && sections[from].name == joined.name &&
           sections[from].section > sections[from - 1].section);
  if (auto converted = to_utf8(joined.value, charset)) joined.value = std::move(*converted);
  return joined;
}

}  // namespace

std::vector<std::string> StructuredField::values_of(std::string_view name) const {
  std::vector<std::string> values;
  for (const Parameter& parameter : parameters) {
    if (parameter.name == name && !mail::trim(parameter.value).empty())
      values.push_back(parameter.value);
  }
  return values;
}

StructuredField read_structured_field(std::string_view unfolded) {
  StructuredField field;
  field.value = mail::to_lower(mail::trim(unfolded.substr(0, unfolded.find(';'))));
  std::vector<Piece> sections;
  for (Piece& piece : read_pieces(unfolded)) {
    if (piece.section == whole) {
      field.parameters.push_back(parameter_of(piece));
    } else {
      sections.push_back(std::move(piece));
    }
  }
  std::stable_sort(sections.begin(), sections.end(), [](const Piece& a, const Piece& b) {
    return a.name != b.name ? a.name < b.name : a.section < b.section;
  });
  for (std::size_t at = 0; at < sections.size();) field.parameters.push_back(join(sections, at));
  return field;
}

std::string without_comments(std::string_view text) {
  if (text.find('(') == std::string_view::npos) return std::string(text);
  std::string out;
  Spans spans(text);
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t comment_end = spans.comment(at);
    if (comment_end > at) {
      out.push_back(' ');
      at = comment_end;
      continue;
    }
    const std::size_t end = std::max(spans.quoted(at), at + 1);
    out += text.substr(at, end - at);
    at = end;
  }
  return out;
}

std::size_t mentions_of_name(std::string_view text) noexcept {
  constexpr std::string_view word = "name";
  std::size_t mentions = 0;
  for (std::size_t equals = text.find('='); equals != std::string_view::npos;
       equals = text.find('=', equals + 1)) {
    std::size_t end = equals;
    while (end > 0 && blank(text[end - 1])) --end;
    while (end > 0 && (text[end - 1] == '*' || (text[end - 1] >= '0' && text[end - 1] <= '9')))
      --end;
    if (end < word.size() ||
        !mail::equals_ignoring_case(text.substr(end - word.size(), word.size()), word))
      continue;
    std::string_view before = text.substr(0, end - word.size());
    if (before.size() >= 4 && mail::equals_ignoring_case(before.substr(before.size() - 4), "file"))
      before.remove_suffix(4);
    if (before.empty() || !is_token_char(before.back())) ++mentions;
  }
  return mentions;
}

std::string media_type(std::string_view value) {
  std::size_t at = skip_blanks(value, 0);
  const auto token = [&] {
    const std::size_t start = at;
    while (at < value.size() && is_token_char(value[at])) ++at;
    return value.substr(start, at - start);
  };
  const std::string_view type = token();
  at = skip_blanks(value, at);
  if (type.empty() || at >= value.size() || value[at] != '/') return {};
  at = skip_blanks(value, at + 1);
  const std::string_view subtype = token();
  if (subtype.empty()) return {};
  return mail::to_lower(type) + '/' + mail::to_lower(subtype);
}

}  // namespace policy::mime
