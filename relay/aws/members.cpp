#include "relay/aws/members.hpp"

#include <algorithm>

namespace aws {

namespace json = boost::json;

std::string quoted(std::string_view text) {
  constexpr std::size_t max_quoted_octets = 300;
  std::string out(text.substr(0, max_quoted_octets));
  std::ranges::replace_if(
      out, [](char c) { return c < 0x20 || c > 0x7e; }, '?');
  return out;
}

bool is_label(std::string_view text) {
  constexpr std::size_t max_label_octets = 63;
  return !text.empty() && text.size() <= max_label_octets && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  });
}

const json::value* Members::find(std::string_view name) const {
  const json::value* value = object_.if_contains(name);
  return value == nullptr || value->is_null() ? nullptr : value;
}

void Members::mark(std::string_view name) const {
  if (!strange_) strange_ = path_ + std::string(name);
}

std::string Members::text(std::string_view name, bool (*fits)(std::string_view)) const {
  const json::value* value = find(name);
  if (value == nullptr) return {};
  const json::string* text = value->if_string();
  if (text != nullptr && text->empty()) return {};
  if (text != nullptr && fits(view(*text))) return std::string(view(*text));
  mark(name);
  return {};
}

bool Members::flag(std::string_view name) const {
  const json::value* value = find(name);
  if (value != nullptr && value->is_bool()) return value->get_bool();
  mark(name);
  return false;
}

double Members::number(std::string_view name) const {
  const json::value* value = find(name);
  if (value != nullptr && value->is_number()) return value->to_number<double>();
  mark(name);
  return 0;
}

}  // namespace aws
