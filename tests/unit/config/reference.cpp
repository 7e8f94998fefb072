#include "tests/unit/config/reference.hpp"

#include "relay/config/keys.hpp"
#include "relay/config/values.hpp"

#include <fmt/format.h>

namespace test {
namespace {

namespace json = boost::json;
using config::Key;
using config::Kind;

constexpr const char* size_pattern = "^(0|[1-9][0-9]*)(KiB|MiB|GiB)?$";
constexpr const char* duration_pattern = "^(0|[1-9][0-9]*)[smhd]$";

json::object object_of(std::string_view parent);

json::array texts(std::string_view words) {
  json::array array;
  for (const std::string_view word : config::words_of(words)) array.emplace_back(word);
  return array;
}

/// `most` 0: any number.
json::object list_of(json::object items, std::int64_t most = 0) {
  json::object list{{"type", "array"}, {"items", std::move(items)}, {"minItems", 1}};
  if (most > 0) list["maxItems"] = most;
  return list;
}

json::object any_of(json::object one, json::object other) {
  return {{"anyOf", json::array{std::move(one), std::move(other)}}};
}

json::value fixed_value(std::string_view preset) {
  if (const auto number = config::parse_integer(preset)) return *number;
  return json::value(preset);
}

json::object endpoint() { return {{"type", "string"}, {"pattern", ":[0-9]{1,5}$"}}; }

json::object type_of(const Key& key) {
  const std::string path(key.path);
  switch (key.kind) {
    case Kind::map:
      return object_of(path);
    case Kind::map_or_list:
      return any_of(object_of(path), list_of(object_of(path), key.most));
    case Kind::list_of_maps:
      return list_of(object_of(path + "[]"));
    case Kind::list_of_maps_or_endpoints:
      return list_of(any_of(object_of(path + "[]"), endpoint()));
    case Kind::list_of_texts:
    case Kind::list_of_networks:
      return list_of({{"type", "string"}}, key.most);
    case Kind::list_of_choices:
      return list_of({{"enum", texts(key.choices)}});
    case Kind::list_of_durations:
      return list_of({{"type", "string"}, {"pattern", duration_pattern}}, config::max_durations);
    case Kind::text:
    case Kind::secret:
    case Kind::path:
      return {{"type", "string"}, {"minLength", 1}};
    case Kind::endpoint:
      return endpoint();
    case Kind::integer:
      return {{"type", "integer"}, {"minimum", key.least}, {"maximum", key.most}};
    case Kind::rate:
      return any_of({{"type", "number"}, {"exclusiveMinimum", 0}}, {{"enum", json::array{"auto"}}});
    case Kind::ratio:
      return {{"type", "number"}, {"exclusiveMinimum", 0}, {"exclusiveMaximum", 1}};
    case Kind::boolean:
      return {{"type", "boolean"}};
    case Kind::size:
      return any_of({{"type", "integer"}, {"minimum", key.least}, {"maximum", key.most}},
                    {{"type", "string"}, {"pattern", size_pattern}});
    case Kind::duration:
      return {{"type", "string"}, {"pattern", duration_pattern}};
    case Kind::choice:
      return {{"enum", texts(key.choices)}};
    case Kind::fixed:
      return {{"const", fixed_value(key.preset)}};
    case Kind::awaited:
      return {};
  }
  return {};
}

json::object described(json::object type, std::string_view meaning) {
  type["description"] = meaning;
  return type;
}

json::object object_of(std::string_view parent) {
  json::object properties;
  json::array required;
  for (const Key& key : config::keys()) {
    if (key.parent() != parent || key.kind == Kind::awaited) continue;
    properties[key.name()] = described(type_of(key), key.meaning);
    if (key.kind == Kind::secret)
      properties[std::string(key.name()) + "_file"] =
          described({{"type", "string"}, {"minLength", 1}},
                    fmt::format("A file that holds `{}`.", key.name()));
    if (key.preset == "required") required.emplace_back(key.name());
  }
  json::object object{
      {"type", "object"}, {"additionalProperties", false}, {"properties", std::move(properties)}};
  if (!required.empty()) object["required"] = std::move(required);
  return object;
}

void append_pretty(std::string& text, const json::value& value, std::size_t depth) {
  const bool nested = value.is_object() && !value.get_object().empty();
  if (!nested) {
    text += json::serialize(value);
    return;
  }
  const std::string indent(2 * (depth + 1), ' ');
  std::string separator = "{\n";
  for (const auto& [name, member] : value.get_object()) {
    text += separator + indent + json::serialize(name) + ": ";
    append_pretty(text, member, depth + 1);
    separator = ",\n";
  }
  text += "\n" + std::string(2 * depth, ' ') + "}";
}

std::string shown_name(const Key& key) {
  return key.kind == Kind::secret ? fmt::format("`{0}` or `{0}_file`", key.path)
                                  : fmt::format("`{}`", key.path);
}

}  // namespace

json::object schema() {
  json::object root{{"$schema", "http://json-schema.org/draft-07/schema#"},
                    {"title", "Postern configuration"}};
  for (auto& [name, member] : object_of("")) root[name] = std::move(member);
  return root;
}

std::string pretty(const json::value& value) {
  std::string text;
  append_pretty(text, value, 0);
  return text + "\n";
}

std::string key_table() {
  std::string table = "| key | value | default | meaning |\n| --- | --- | --- | --- |\n";
  for (const Key& key : config::keys())
    if (key.kind != Kind::awaited)
      table += fmt::format(
          "| {} | {} | {} | {} |\n", shown_name(key), describe_kind(key), key.preset, key.meaning);
  return table;
}

std::string awaited_table() {
  std::string table = "| key | what it will be |\n| --- | --- |\n";
  for (const Key& key : config::keys())
    if (key.kind == Kind::awaited) table += fmt::format("| `{}` | {} |\n", key.path, key.meaning);
  return table;
}

}  // namespace test
