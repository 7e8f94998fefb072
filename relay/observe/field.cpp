#include "relay/observe/field.hpp"

#include "relay/observe/addresses.hpp"
#include "relay/observe/escape.hpp"

#include <fmt/format.h>

namespace observe {

namespace {

bool needs_quotes(std::string_view value) {
  return value.empty() || value.find_first_of(" \"=") != std::string_view::npos;
}

void append_quoted(std::string& line, std::string_view value, bool json) {
  line += '"';
  for (const char c : value) {
    if (c == '"' || (json && c == '\\')) line += '\\';
    line += c;
  }
  line += '"';
}

void append(std::string& line, std::string_view key, std::string_view value, bool bare, bool json) {
  if (!line.empty()) line += json ? ',' : ' ';
  if (json) {
    append_quoted(line, key, json);
    line += ':';
  } else {
    line.append(key).append("=");
  }
  if (bare || (!json && !needs_quotes(value))) {
    line += value;
  } else {
    append_quoted(line, value, json);
  }
}

// The front of a long value, without the address that the cut may have gone through.
std::string_view bounded(std::string_view value) {
  constexpr std::size_t most = 8 * max_log_value;
  if (value.size() <= most) return value;
  const std::size_t space = value.find_last_of(" \t\r\n", most);
  return space == std::string_view::npos ? std::string_view("(too long)") : value.substr(0, space);
}

// What is shown of a field's value.
std::string shown(const Field& field, const FieldStyle& style) {
  switch (field.kind) {
    case Field::Kind::number:
      return field.value;
    case Field::Kind::identifier:
      return escaped(bounded(field.value), max_log_value);
    case Field::Kind::text:
      break;
  }
  return escaped(with_addresses(bounded(field.value), style.addresses, style.address_key),
                 max_log_value);
}

}  // namespace

Field::Field(std::string_view key_, std::chrono::nanoseconds took)
    : key(key_),
      value(fmt::format("{:.6f}", std::chrono::duration<double>(took).count())),
      kind(Kind::number) {}

Field Field::identifier(std::string_view key, std::string_view value) {
  Field field(key, value);
  field.kind = Kind::identifier;
  return field;
}

std::string body_of(Fields fields, const FieldStyle& style) {
  const bool json = style.format == config::LogFormat::json;
  std::string body;
  for (const Field& field : fields) {
    append(body, field.key, shown(field, style), field.kind == Field::Kind::number, json);
  }
  return body;
}

}  // namespace observe
