#include "dkim/mend.hpp"

#include "dkim/encoded_words.hpp"
#include "dkim/field_encoding.hpp"
#include "dkim/header_policy.hpp"
#include "mail/header_fields.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace dkim {
namespace {

using mail::failure;
using mail::Field;
using mail::Result;

constexpr std::string_view crlf = "\r\n";

std::optional<std::string> unreadable(const mail::HeaderSection& section, std::string_view octets) {
  if (section.fault) {
    return "The header section cannot be read: it has a line without a field name, or is over 64 "
           "KiB or 500 fields.";
  }
  const std::string_view header = octets.substr(0, section.body_offset);
  for (std::size_t i = 0; i < header.size(); ++i) {
    const char c = header[i];
    const bool bare_cr = c == '\r' && (i + 1 == header.size() || header[i + 1] != '\n');
    const bool bare_lf = c == '\n' && (i == 0 || header[i - 1] != '\r');
    if (c == '\0' || bare_cr || bare_lf) {
      return "The header section holds a NUL, a bare CR or a bare LF.";
    }
  }
  return std::nullopt;
}

std::string lower_parameter(std::string_view content_type, std::string_view name) {
  const std::string value = mail::to_lower(mail::unfold(content_type));
  for (std::size_t start = value.find(';'); start != std::string::npos;
       start = value.find(';', start + 1)) {
    std::string_view parameter = mail::trim(std::string_view(value).substr(start + 1));
    if (!parameter.starts_with(name)) continue;
    parameter = mail::trim(parameter.substr(name.size()));
    if (!parameter.starts_with('=')) continue;
    parameter = mail::trim(parameter.substr(1));
    const bool quoted = parameter.starts_with('"');
    if (quoted) parameter.remove_prefix(1);
    return std::string(parameter.substr(0, parameter.find_first_of(quoted ? "\"" : " \t;(")));
  }
  return {};
}

bool known_charset(std::string_view lower) {
  constexpr std::array<std::string_view, 16> names = {"ascii",
                                                      "big5",
                                                      "euc-jp",
                                                      "euc-kr",
                                                      "gb18030",
                                                      "gb2312",
                                                      "gbk",
                                                      "iso-2022-jp",
                                                      "iso-2022-kr",
                                                      "shift_jis",
                                                      "tis-620",
                                                      "us-ascii",
                                                      "utf-16",
                                                      "utf-7",
                                                      "utf-8",
                                                      "utf8"};
  constexpr std::array<std::string_view, 4> families = {
      "iso-8859-", "iso8859-", "koi8-", "windows-125"};
  return std::find(names.begin(), names.end(), lower) != names.end() ||
         std::any_of(families.begin(), families.end(), [&](auto family) {
           return lower.starts_with(family);
         });
}

std::string media_type(const Field& field) {
  const std::string value = mail::unfold(field.value);
  return mail::to_lower(mail::trim(std::string_view(value).substr(0, value.find(';'))));
}

/// The Content-Type field that stays; null if there is none.
const Field* content_type_to_keep(const mail::HeaderSection& section) {
  const auto fields = section.find_all("Content-Type");
  if (fields.empty()) return nullptr;
  const auto fits = [&](const Field* field) {
    return media_type(*field) == media_type(*fields.front()) &&
           known_charset(lower_parameter(field->value, "charset"));
  };
  const auto known = std::find_if(fields.begin(), fields.end(), fits);
  return fields.size() == 1 || known == fields.end() ? fields.front() : *known;
}

/// US-ASCII, lines within max_line, nothing but space and tab that a verifier could take for white
/// space.
bool may_stay_as_written(const Field& field) noexcept {
  std::size_t line = 0;
  for (const char c : field.raw) {
    if (static_cast<unsigned char>(c) >= 0x80 || c == '\v' || c == '\f') return false;
    line = c == '\n' ? 0 : line + 1;
    if (line > max_line + 1) return false;  // its CR counts too
  }
  return true;
}

/// `name: value` encoded and folded, without the last CRLF; what stands in the way if it cannot be.
Result<std::string> rewritten(const Field& field, std::string_view lower_name) {
  std::string value(field.value);
  std::replace_if(
      value.begin(), value.end(), [](char c) { return c == '\v' || c == '\f'; }, ' ');
  value = mail::unfold(value);
  const std::string name(field.name);
  if (!is_ascii(value)) {
    auto encoded = encode_value(lower_name, value);
    if (!encoded) {
      return failure("The " + name +
                     " field has an address that is not US-ASCII, which SES does not take.");
    }
    value = *std::move(encoded);
  }
  auto folded = fold(name + (value.empty() ? ":" : ": ") + value);
  if (!folded) {
    return failure("The " + name + " field has a word of over 998 octets, which cannot be folded.");
  }
  return *std::move(folded);
}

/// A field as it leaves. Whether it says anything, and anything new, is judged on this form, so
/// that a message mended again is judged alike.
struct MendedField {
  std::string lower_name;
  std::string octets;  ///< name, colon right behind it and folded value, without the last CRLF
  std::string text;    ///< the unfolded value
};

Result<MendedField> mended_field(const Field& field, std::string lower_name) {
  auto octets = may_stay_as_written(field) ? std::string(field.name).append(":").append(field.value)
                                           : rewritten(field, lower_name);
  if (!octets) return octets.error();
  std::string text = mail::unfold(std::string_view(*octets).substr(field.name.size() + 1));
  return MendedField{std::move(lower_name), *std::move(octets), std::move(text)};
}

bool has(const std::vector<MendedField>& fields, std::string_view lower_name) {
  return std::any_of(fields.begin(), fields.end(), [&](const MendedField& field) {
    return field.lower_name == lower_name;
  });
}

/// A Date or Message-ID without value, which the relay replaces, or a To or Cc that says what an
/// earlier one says.
bool is_idle(const MendedField& candidate, const std::vector<MendedField>& earlier) {
  const std::string& name = candidate.lower_name;
  if (name == "date" || name == "message-id") return candidate.text.empty();
  if (name != "to" && name != "cc") return false;
  return std::any_of(earlier.begin(), earlier.end(), [&](const MendedField& field) {
    return field.lower_name == name && field.text == candidate.text;
  });
}

/// The fields that stay, as they leave; what stands in the way if one of them cannot.
Result<std::vector<MendedField>> mended_fields(const mail::HeaderSection& section) {
  const Field* content_type = content_type_to_keep(section);
  std::vector<MendedField> kept;
  kept.reserve(section.fields.size());
  for (const Field& field : section.fields) {
    std::string name = mail::to_lower(field.name);
    const bool other_type = name == "content-type" && &field != content_type;
    const bool surplus = once_only(name) && has(kept, name);
    if (removed_on_release(name) || other_type || surplus) continue;
    auto mended = mended_field(field, std::move(name));
    if (!mended) return mended.error();
    if (!is_idle(*mended, kept)) kept.push_back(*std::move(mended));
  }
  return kept;
}

bool is_printable_line(std::string_view text) noexcept {
  return text.size() <= max_line - 80 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c < '\x7f'; });
}

bool are_printable(const MendFacts& facts) noexcept {
  return is_printable_line(facts.date) && is_printable_line(facts.message_id_host) &&
         is_printable_line(facts.queue_id) &&
         std::all_of(facts.added.begin(), facts.added.end(), [](const auto& field) {
           return is_printable_line(field.first) && is_printable_line(field.second);
         });
}

void append_new(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append(crlf);
}

}  // namespace

Result<std::string> mend(std::string_view octets, const MendFacts& facts) {
  if (!are_printable(facts)) {
    return failure(
        "A field that the relay adds holds more than printable US-ASCII: look at the configuration "
        "set and "
        "the app's name.");
  }
  const mail::HeaderSection section = mail::read_header_section(octets);
  if (auto mistake = unreadable(section, octets)) return failure(*std::move(mistake));
  const auto fields = mended_fields(section);
  if (!fields) return fields.error();

  std::string out;
  out.reserve(octets.size() + 1024);
  for (const auto& [name, value] : facts.added) append_new(out, name, value);
  for (const MendedField& field : *fields) out.append(field.octets).append(crlf);
  if (!has(*fields, "date")) append_new(out, "Date", facts.date);
  if (!has(*fields, "message-id"))
    append_new(out, "Message-ID", "<" + facts.queue_id + "@" + facts.message_id_host + ">");
  out += crlf;
  out += octets.substr(section.body_offset);
  return Result<std::string>(boost::system::in_place_value, std::move(out));
}

}  // namespace dkim
