#include "relay/domains/spf/names.hpp"

#include "relay/domains/spf/ascii.hpp"

#include <algorithm>

namespace domains::spf {
namespace {

constexpr std::size_t max_name = 253;
constexpr std::size_t max_label = 63;

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }

bool is_askable_octet(char c) {
  constexpr std::string_view meaningful = "\"$(),;@\\";
  return c >= ' ' && c <= '~' && !is_upper(c) && meaningful.find(c) == meaningful.npos;
}

bool is_host_octet(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

}  // namespace

bool is_askable(std::string_view name) {
  if (name.empty() || name.size() > max_name) return false;
  if (!std::all_of(name.begin(), name.end(), is_askable_octet)) return false;
  while (true) {
    const std::size_t dot = name.find('.');
    const std::size_t label = dot == name.npos ? name.size() : dot;
    if (label == 0 || label > max_label) return false;
    if (dot == name.npos) return true;
    name.remove_prefix(dot + 1);
  }
}

bool is_sender_domain(std::string_view domain) {
  std::string lower(domain.ends_with('.') ? domain.substr(0, domain.size() - 1) : domain);
  std::transform(lower.begin(), lower.end(), lower.begin(), to_lower);
  return is_askable(lower) && lower.find('.') != lower.npos &&
         std::all_of(lower.begin(), lower.end(), is_host_octet);
}

std::string as_asked(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  while (name.size() > max_name) {
    const std::size_t dot = name.find('.');
    if (dot == name.npos) break;
    name.remove_prefix(dot + 1);
  }
  std::string asked(name);
  std::transform(asked.begin(), asked.end(), asked.begin(), to_lower);
  return asked;
}

}  // namespace domains::spf
