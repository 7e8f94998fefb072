#include "relay/domains/json_fields.hpp"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

namespace domains {

namespace json = boost::json;
using WallTime = std::chrono::system_clock::time_point;

std::optional<std::int64_t> Fields::number(std::string_view name) const {
  const json::value* value = object_.if_contains(name);
  if (value == nullptr || !value->is_number()) return std::nullopt;
  json::error_code unfit;
  const auto number = value->to_number<std::int64_t>(unfit);
  return unfit ? std::nullopt : std::optional(number);
}

void Fields::read(std::string_view name, std::string& into) const {
  const json::value* value = object_.if_contains(name);
  if (value != nullptr && value->is_string()) into = value->as_string();
}

void Fields::read(std::string_view name, bool& into) const {
  const json::value* value = object_.if_contains(name);
  if (value != nullptr && value->is_bool()) into = value->as_bool();
}

void Fields::read(std::string_view name, std::uint64_t& into) const {
  if (const auto found = number(name); found && *found >= 0)
    into = static_cast<std::uint64_t>(*found);
}

void Fields::read(std::string_view name, std::uint32_t& into) const {
  if (const auto found = number(name); found && *found >= 0 && *found <= UINT32_MAX)
    into = static_cast<std::uint32_t>(*found);
}

void Fields::read(std::string_view name, std::optional<std::uint64_t>& into) const {
  if (const auto found = number(name); found && *found >= 0)
    into = static_cast<std::uint64_t>(*found);
}

void Fields::read(std::string_view name, std::chrono::seconds& into) const {
  if (const auto found = number(name)) into = std::chrono::seconds(*found);
}

void Fields::read(std::string_view name, std::optional<std::chrono::seconds>& into) const {
  if (const auto found = number(name)) into = std::chrono::seconds(*found);
}

void Fields::read(std::string_view name, WallTime& into) const {
  if (const auto found = number(name)) into = WallTime(std::chrono::milliseconds(*found));
}

void Fields::read(std::string_view name, std::optional<WallTime>& into) const {
  if (const auto found = number(name)) into = WallTime(std::chrono::milliseconds(*found));
}

void Fields::read(std::string_view name, std::vector<std::string>& into) const {
  const json::value* value = object_.if_contains(name);
  if (value == nullptr || !value->is_array()) return;
  into.clear();
  for (const json::value& item : value->as_array())
    if (item.is_string()) into.emplace_back(item.as_string());
}

Fields Fields::object(std::string_view name) const {
  static const json::object nothing;
  const json::value* value = object_.if_contains(name);
  return Fields(value != nullptr && value->is_object() ? value->as_object() : nothing);
}

std::vector<Fields> Fields::objects(std::string_view name) const {
  std::vector<Fields> found;
  const json::value* value = object_.if_contains(name);
  if (value == nullptr || !value->is_array()) return found;
  for (const json::value& item : value->as_array())
    if (item.is_object()) found.emplace_back(item.as_object());
  return found;
}

std::int64_t milliseconds(WallTime time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

mail::Result<json::object> parse_object(std::string_view text) {
  json::error_code wrong;
  json::value value = json::parse(text, wrong);
  if (wrong || !value.is_object())
    return mail::failure("a document in the store is damaged: restore a backup");
  return std::move(value.as_object());
}

}  // namespace domains
