#include "policy/mime/html_references.hpp"

#include "mail/header_fields.hpp"
#include "policy/mime/transfer_decoding.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace policy::mime {
namespace {

constexpr std::size_t max_reference_octets = 998;
constexpr std::size_t max_media_type_octets = 200;
constexpr std::size_t start_octets = 400;  // of a data URL's payload: enough to tell an image by

constexpr bool dropped_by_browsers(char c) noexcept { return c == '\t' || c == '\r' || c == '\n'; }
constexpr bool white(char c) noexcept { return c == ' ' || dropped_by_browsers(c); }

void append_utf8(std::string& out, unsigned code) {
  if (code < 0x80U) {
    out.push_back(static_cast<char>(code));
  } else if (code < 0x800U) {
    out.push_back(static_cast<char>(0xC0U | (code >> 6U)));
    out.push_back(static_cast<char>(0x80U | (code & 0x3FU)));
  } else {
    out.push_back('?');  // no URL that matters here has one
  }
}

/// A character reference as its characters: how long it is and what it stands for. Length 0: it is
/// none.
std::pair<std::size_t, unsigned> numeric_reference(std::string_view text) noexcept {
  const bool hexadecimal = text.size() > 2 && (text[2] == 'x' || text[2] == 'X');
  const std::size_t first = hexadecimal ? 3 : 2;
  unsigned code = 0;
  std::size_t at = first;
  for (; at < text.size() && at < first + 12; ++at) {
    const char c = static_cast<char>(text[at] | 0x20);  // digits stay as they are
    const bool digit = c >= '0' && c <= '9';
    if (!digit && !(hexadecimal && c >= 'a' && c <= 'f')) break;
    const auto value = static_cast<unsigned>(digit ? c - '0' : c - 'a' + 10);
    code = std::min(code * (hexadecimal ? 16U : 10U) + value, 0x110000U);
  }
  if (at == first) return {0, 0};
  if (at < text.size() && text[at] == ';') ++at;
  return {at, code};
}

std::pair<std::size_t, unsigned> named_reference(std::string_view text) noexcept {
  constexpr std::array<std::pair<std::string_view, char>, 12> names{{{"&amp;", '&'},
                                                                     {"&quot;", '"'},
                                                                     {"&apos;", '\''},
                                                                     {"&lt;", '<'},
                                                                     {"&gt;", '>'},
                                                                     {"&colon;", ':'},
                                                                     {"&sol;", '/'},
                                                                     {"&semi;", ';'},
                                                                     {"&comma;", ','},
                                                                     {"&commat;", '@'},
                                                                     {"&Tab;", '\t'},
                                                                     {"&NewLine;", '\n'}}};
  for (const auto& [name, character] : names) {
    if (text.starts_with(name)) return {name.size(), static_cast<unsigned>(character)};
  }
  return {0, 0};
}

std::string decode_character_references(std::string_view html) {
  std::string out;
  out.reserve(html.size());
  for (std::size_t at = 0; at < html.size();) {
    const std::size_t ampersand = std::min(html.find('&', at), html.size());
    out += html.substr(at, ampersand - at);
    if (ampersand == html.size()) break;
    const std::string_view rest = html.substr(ampersand);
    const auto [length, code] =
        rest.starts_with("&#") ? numeric_reference(rest) : named_reference(rest);
    if (length == 0) {
      out.push_back('&');
    } else {
      append_utf8(out, code);
    }
    at = ampersand + std::max<std::size_t>(length, 1);
  }
  return out;
}

/// Whether `scheme` ends right before `colon`, white space inside it ignored; moves `begin` to its
/// first letter.
bool scheme_before(std::string_view text,
                   std::size_t colon,
                   std::string_view scheme,
                   std::size_t& begin) noexcept {
  begin = colon;
  for (std::size_t left = scheme.size(); left > 0; --left) {
    do {
      if (begin == 0) return false;
      --begin;
    } while (dropped_by_browsers(text[begin]));
    if ((text[begin] | 0x20) != scheme[left - 1]) return false;
  }
  return true;
}

/// The character that opens the value a URL at `begin` stands in, white space left out: a quote,
/// `=`, `(`, or another.
char opening_character(std::string_view text, std::size_t begin) noexcept {
  while (begin > 0 && white(text[begin - 1])) --begin;
  return begin > 0 ? text[begin - 1] : '\0';
}

bool inside_url_function(std::string_view text, std::size_t begin) noexcept {
  while (begin > 0 && (white(text[begin - 1]) || text[begin - 1] == '"' || text[begin - 1] == '\''))
    --begin;
  return begin >= 4 && mail::equals_ignoring_case(text.substr(begin - 4, 4), "url(");
}

/// The first of some characters at or behind a place that only moves forward: each octet is looked
/// at once.
class NextOf {
 public:
  NextOf(std::string_view text, std::string_view wanted) : text_(text), wanted_(wanted) {}
  std::size_t from(std::size_t at) noexcept {
    if (!known_ || found_ < at) found_ = std::min(text_.find_first_of(wanted_, at), text_.size());
    known_ = true;
    return found_;
  }

 private:
  std::string_view text_;
  std::string_view wanted_;
  std::size_t found_ = 0;
  bool known_ = false;
};

std::string without_white_space(std::string_view text) {
  std::string out;
  std::copy_if(text.begin(), text.end(), std::back_inserter(out), [](char c) { return !white(c); });
  return out;
}

bool is_media_type(std::string_view text) noexcept {
  constexpr std::string_view allowed = "abcdefghijklmnopqrstuvwxyz0123456789!#$&^_.+-/";
  return text.find('/') != std::string_view::npos &&
         text.find_first_not_of(allowed) == std::string_view::npos;
}

bool says_base64(std::string_view before_comma) {
  constexpr std::size_t enough = 60;
  if (before_comma.size() > enough) before_comma.remove_prefix(before_comma.size() - enough);
  return mail::to_lower(without_white_space(decode_percent(before_comma))).ends_with(";base64");
}

class HtmlReader {
 public:
  explicit HtmlReader(std::string_view html)
      : decoded_(decode_character_references(html)), text_(decoded_) {}

  HtmlReferences read() {
    for (std::size_t colon = text_.find(':'); colon != std::string::npos;
         colon = text_.find(':', colon + 1)) {
      std::size_t begin = 0;
      if (scheme_before(text_, colon, "cid", begin)) {
        note_content_id(colon + 1);
      } else if (scheme_before(text_, colon, "data", begin)) {
        note_data_url(begin, colon + 1);
      }
    }
    return std::move(references_);
  }

 private:
  /// Both readings of a `cid:` URL: up to the first white space, and up to the quote with line
  /// breaks taken out.
  void note_content_id(std::size_t at) {
    if (references_.content_ids.size() >= max_html_references) return;
    const std::string_view area = text_.substr(at, max_reference_octets);
    const std::string_view short_form = area.substr(0, area.find_first_of(" \t\r\n>)\"'"));
    const std::string_view long_form = area.substr(0, area.find_first_of("\"'"));
    references_.content_ids.push_back(decode_percent(short_form));
    if (long_form.size() == short_form.size()) return;
    references_.content_ids.push_back(decode_percent(without_white_space(long_form)));
  }

  void note_data_url(std::size_t begin, std::size_t at) {
    const char opened_by = opening_character(text_, begin);
    if (std::string_view("\"'=(").find(opened_by) == std::string_view::npos) return;
    if (references_.data_urls.size() >= max_html_references) return;
    NextOf& ender = opened_by == '"' ? quote_ : opened_by == '\'' ? apostrophe_ : ender_;
    const std::size_t end = ender.from(at);
    const std::size_t comma = comma_.from(at);
    const std::size_t type_end = type_end_.from(at);
    if (comma >= end || type_end - at > max_media_type_octets) return;
    DataUrl url;
    url.type = mail::to_lower(without_white_space(decode_percent(text_.substr(at, type_end - at))));
    if (url.type.empty()) url.type = "text/plain";
    if (!is_media_type(url.type)) return;
    const std::string start =
        decode_percent(text_.substr(comma + 1, std::min(end - comma - 1, start_octets)));
    const bool base64 = says_base64(text_.substr(type_end, comma - type_end));
    url.size = base64 ? (end - comma - 1) / 4 * 3 : end - comma - 1;
    url.start = base64 ? decode_start_of_base64(start) : start;
    url.in_style = inside_url_function(text_, begin);
    references_.data_urls.push_back(std::move(url));
  }

  std::string decoded_;
  std::string_view text_;
  NextOf quote_{text_, "\""};
  NextOf apostrophe_{text_, "'"};
  NextOf ender_{text_, " \t\r\n>)\"'"};
  NextOf comma_{text_, ","};
  NextOf type_end_{text_, ";,"};
  HtmlReferences references_;
};

}  // namespace

HtmlReferences read_html_references(std::string_view html) { return HtmlReader(html).read(); }

}  // namespace policy::mime
