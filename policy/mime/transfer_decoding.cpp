#include "policy/mime/transfer_decoding.hpp"

#include "mail/header_fields.hpp"
#include "policy/mime/structured_field.hpp"

#include <gmime/gmime.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>

namespace policy::mime {
namespace {

/// GMime's own tables, made once before their first use by whichever thread comes first.
void require_gmime() {
  static const bool ready = [] {
    g_mime_init();
    return true;
  }();
  static_cast<void>(ready);
}

struct GFree {
  void operator()(char* text) const noexcept { g_free(text); }
};
using GString = std::unique_ptr<char, GFree>;

std::string valid_utf8(std::string_view text) {
  const auto length = static_cast<gssize>(text.size());
  if (g_utf8_validate(text.data(), length, nullptr) != FALSE) return std::string(text);
  const GString valid(g_utf8_make_valid(text.data(), length));
  return valid.get();
}

std::string decode_with_gmime(GMimeContentEncoding encoding, std::string_view body) {
  require_gmime();
  GMimeEncoding state;
  g_mime_encoding_init_decode(&state, encoding);
  std::string out(g_mime_encoding_outlen(&state, body.size()), '\0');
  out.resize(g_mime_encoding_flush(&state, body.data(), body.size(), out.data()));
  return out;
}

/// 0 to 63, or nothing for what is not in the alphabet of RFC 2045 6.8.
std::optional<unsigned> base64_value(char c) noexcept {
  if (c >= 'A' && c <= 'Z') return static_cast<unsigned>(c - 'A');
  if (c >= 'a' && c <= 'z') return static_cast<unsigned>(c - 'a') + 26U;
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0') + 52U;
  if (c == '+') return 62U;
  if (c == '/') return 63U;
  return std::nullopt;
}

std::optional<unsigned> hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a') + 10U;
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A') + 10U;
  return std::nullopt;
}

/// The octet that two hexadecimal digits name.
std::optional<char> hex_octet(std::string_view digits) noexcept {
  if (digits.size() != 2) return std::nullopt;
  const auto high = hex_value(digits[0]);
  const auto low = hex_value(digits[1]);
  if (!high || !low) return std::nullopt;
  return static_cast<char>(*high * 16 + *low);
}

enum class Padding { skipped, ends_group };

/// The octets of what is in the alphabet, at most `most` of them.
std::string decode_alphabet(std::string_view body, std::size_t most, Padding padding) {
  std::string out;
  unsigned gathered = 0;
  unsigned bits = 0;
  for (std::size_t i = 0; i < body.size() && out.size() < most; ++i) {
    if (body[i] == '=' && padding == Padding::ends_group) bits = 0;
    const auto value = base64_value(body[i]);
    if (!value) continue;
    gathered = ((gathered << 6U) | *value) & 0xFFFFU;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    out.push_back(static_cast<char>((gathered >> bits) & 0xFFU));
  }
  return out;
}

/// GMime ends at the first padding; some readers take what follows for more of the same.
std::string decode_base64(std::string_view body) {
  const auto padding = body.find('=');
  const bool goes_on = padding != std::string_view::npos &&
                       body.find_first_not_of("= \t\r\n", padding) != std::string_view::npos;
  return goes_on ? decode_alphabet(body, body.size(), Padding::ends_group)
                 : decode_with_gmime(GMIME_CONTENT_ENCODING_BASE64, body);
}

bool hides_ascii(std::string_view charset) {
  constexpr std::array<std::string_view, 6> families{
      "utf-16", "utf16", "utf-32", "utf-7", "utf7", "unicode"};
  return std::any_of(families.begin(),
                     families.end(),
                     [&](std::string_view family) {
                       return mail::starts_with_ignoring_case(charset, family);
                     }) ||
         mail::starts_with_ignoring_case(charset, "ucs-") ||
         mail::starts_with_ignoring_case(charset, "ibm") ||
         mail::starts_with_ignoring_case(charset, "ebcdic");
}

}  // namespace

Encoding encoding_of(std::string_view field_body) {
  const std::string name = mail::to_lower(mail::trim(without_comments(mail::unfold(field_body))));
  if (name == "base64") return Encoding::base64;
  if (name == "quoted-printable") return Encoding::quoted_printable;
  constexpr std::array<std::string_view, 8> of_files{"x-uuencode",
                                                     "uuencode",
                                                     "x-uue",
                                                     "x-yencode",
                                                     "x-yenc",
                                                     "binhex",
                                                     "x-binhex",
                                                     "mac-binhex40"};
  const bool file = std::find(of_files.begin(), of_files.end(), name) != of_files.end();
  return file ? Encoding::file : Encoding::identity;
}

std::string decode(Encoding encoding, std::string_view body) {
  switch (encoding) {
    case Encoding::identity:
    case Encoding::file:
      return std::string(body);
    case Encoding::quoted_printable:
      return decode_with_gmime(GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE, body);
    case Encoding::base64:
      return decode_base64(body);
  }
  return std::string(body);
}

std::string decode_start_of_base64(std::string_view body) {
  constexpr std::size_t enough_octets = 64;
  return decode_alphabet(body, enough_octets, Padding::skipped);
}

std::string decode_words(std::string_view text) {
  if (text.find("=?") == std::string_view::npos) return valid_utf8(text);
  require_gmime();
  const std::string terminated(text);
  const GString decoded(g_mime_utils_header_decode_text(nullptr, terminated.c_str()));
  return decoded ? valid_utf8(decoded.get()) : valid_utf8(text);
}

std::optional<std::string> to_utf8(std::string_view text, std::string_view charset) {
  if (!hides_ascii(charset)) return std::nullopt;
  require_gmime();
  const iconv_t converter = g_mime_iconv_open("UTF-8", std::string(charset).c_str());
  if (reinterpret_cast<std::intptr_t>(converter) == -1) return std::nullopt;
  const GString converted(g_mime_iconv_strndup(converter, text.data(), text.size()));
  g_mime_iconv_close(converter);
  if (!converted) return std::nullopt;
  return valid_utf8(converted.get());
}

std::string decode_percent(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto octet = text[i] == '%' ? hex_octet(text.substr(i + 1, 2)) : std::nullopt;
    out.push_back(octet.value_or(text[i]));
    if (octet) i += 2;
  }
  return out;
}

}  // namespace policy::mime
