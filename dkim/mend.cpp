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

struct KeptField {
  const Field* field;
  std::string lower_name;
};

bool repeats(const std::vector<KeptField>& kept, const KeptField& candidate) {
  const bool once = once_only(candidate.lower_name);
  if (!once && candidate.lower_name != "to" && candidate.lower_name != "cc") return false;
  return std::any_of(kept.begin(), kept.end(), [&](const KeptField& earlier) {
    return earlier.lower_name == candidate.lower_name &&
           (once || mail::unfold(earlier.field->value) == mail::unfold(candidate.field->value));
  });
}

bool is_blank(const Field& field) { return mail::unfold(field.value).empty(); }

std::vector<KeptField> fields_to_keep(const mail::HeaderSection& section) {
  const Field* content_type = content_type_to_keep(section);
  std::vector<KeptField> kept;
  kept.reserve(section.fields.size());
  for (const Field& field : section.fields) {
    KeptField candidate{&field, mail::to_lower(field.name)};
    const std::string& name = candidate.lower_name;
    const bool replaced = (name == "date" || name == "message-id") && is_blank(field);
    const bool other_type = name == "content-type" && &field != content_type;
    if (removed_on_release(name) || replaced || other_type || repeats(kept, candidate)) continue;
    kept.push_back(std::move(candidate));
  }
  return kept;
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

/// Appends the field encoded and folded; what stands in the way if it cannot be.
std::optional<std::string> append_rewritten(std::string& out, const KeptField& kept) {
  std::string value(kept.field->value);
  std::replace_if(
      value.begin(), value.end(), [](char c) { return c == '\v' || c == '\f'; }, ' ');
  value = mail::unfold(value);
  const std::string name(kept.field->name);
  if (!is_ascii(value)) {
    auto encoded = encode_value(kept.lower_name, value);
    if (!encoded) {
      return "The " + name + " field has an address that is not US-ASCII, which SES does not take.";
    }
    value = *std::move(encoded);
  }
  const auto folded = fold(name + (value.empty() ? ":" : ": ") + value);
  if (!folded) {
    return "The " + name + " field has a word of over 998 octets, which cannot be folded.";
  }
  out += *folded;
  out += crlf;
  return std::nullopt;
}

std::optional<std::string> append_field(std::string& out, const KeptField& kept) {
  const Field& field = *kept.field;
  if (!may_stay_as_written(field)) return append_rewritten(out, kept);
  out.append(field.name)
      .append(":")
      .append(field.value)
      .append(crlf);  // no white space before the colon
  return std::nullopt;
}

bool is_printable(std::string_view text) noexcept {
  return text.size() <= max_line - 80 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c < '\x7f'; });
}

bool are_printable(const MendFacts& facts) noexcept {
  return is_printable(facts.date) && is_printable(facts.message_id_host) &&
         is_printable(facts.queue_id) &&
         std::all_of(facts.added.begin(), facts.added.end(), [](const auto& field) {
           return is_printable(field.first) && is_printable(field.second);
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
  const std::vector<KeptField> kept = fields_to_keep(section);
  const auto has = [&](std::string_view name) {
    return std::any_of(
        kept.begin(), kept.end(), [&](const KeptField& one) { return one.lower_name == name; });
  };

  std::string out;
  out.reserve(octets.size() + 1024);
  for (const auto& [name, value] : facts.added) append_new(out, name, value);
  for (const KeptField& one : kept) {
    if (auto mistake = append_field(out, one)) return failure(*std::move(mistake));
  }
  if (!has("date")) append_new(out, "Date", facts.date);
  if (!has("message-id"))
    append_new(out, "Message-ID", "<" + facts.queue_id + "@" + facts.message_id_host + ">");
  out += crlf;
  out += octets.substr(section.body_offset);
  return Result<std::string>(boost::system::in_place_value, std::move(out));
}

}  // namespace dkim
