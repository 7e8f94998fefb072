#include "relay/cli/shown.hpp"

#include "relay/observe/escape.hpp"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <ostream>

namespace cli {

namespace json = boost::json;

std::string printable(const json::string& text) {
  return observe::escaped(std::string_view(text.data(), text.size()));
}

std::string shown(const json::object& object, std::string_view name) {
  const json::value* member = object.if_contains(name);
  if (member == nullptr || member->is_null()) return {};
  if (const json::string* text = member->if_string()) return printable(*text);
  return json::serialize(*member);
}

std::string moment(const json::object& object, std::string_view name) {
  std::string text = shown(object, name);
  if (text.size() < 19) return text;
  text[10] = ' ';
  return text.substr(0, 19);
}

std::uint64_t count_in(const json::object& object, std::string_view name) {
  return object.at(name).to_number<std::uint64_t>();
}

bool is_set(const json::object& object, std::string_view name) {
  const json::value* flag = object.if_contains(name);
  return flag != nullptr && flag->is_bool() && flag->as_bool();
}

std::string alignment(std::string_view policy, bool by_dkim, bool by_spf) {
  std::string how = by_dkim ? "aligned by DKIM" : "";
  if (by_spf) how += how.empty() ? "aligned by SPF" : " and SPF";
  return fmt::format(
      "{}{}, {}", policy.empty() ? "no record" : "p=", policy, how.empty() ? "not aligned" : how);
}

void print_line(std::ostream& out, std::string_view name, const std::string& value) {
  if (!value.empty()) out << fmt::format("  {:12}  {}\n", name, value);
}

void print_table(std::ostream& out, const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) line += fmt::format("{:{}}  ", row[i], widths[i]);
    out << line.substr(0, line.find_last_not_of(' ') + 1) << '\n';
  }
}

}  // namespace cli
