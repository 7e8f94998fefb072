#include "dkim/record.hpp"

#include <cstddef>

namespace dkim {

std::string record_name(std::string_view selector, std::string_view domain) {
  return std::string(selector) + "._domainkey." + std::string(domain);
}

std::vector<std::string> character_strings(std::string_view text) {
  constexpr std::size_t max_character_string = 255;
  std::vector<std::string> strings;
  for (std::size_t start = 0; start < text.size(); start += max_character_string) {
    strings.emplace_back(text.substr(start, max_character_string));
  }
  return strings;
}

}  // namespace dkim
