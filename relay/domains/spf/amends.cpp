#include "relay/domains/spf/amends.hpp"

#include "relay/domains/spf/ascii.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

namespace domains::spf {
namespace {

/// The parts of "{d2r-}", its letter taken off.
struct Macro {
  std::string_view digits;
  std::string_view rest;  ///< with the brace
};

Macro read_macro(std::string_view body) {
  const auto digits =
      static_cast<std::size_t>(std::find_if_not(body.begin(), body.end(), is_digit) - body.begin());
  return {body.substr(0, digits), body.substr(digits, body.find('}') + 1 - digits)};
}

std::size_t labels_of(std::string_view value, const Macro& macro) {
  constexpr std::string_view possible = ".-+,/_=";
  std::string delimiters;
  std::copy_if(macro.rest.begin(), macro.rest.end(), std::back_inserter(delimiters), [&](char c) {
    return possible.find(c) != possible.npos;
  });
  if (delimiters.empty()) delimiters = ".";
  return 1 + static_cast<std::size_t>(std::count_if(value.begin(), value.end(), [&](char c) {
           return delimiters.find(c) != delimiters.npos;
         }));
}

bool are_vain(const Macro& macro, const std::string& value) {
  std::size_t wanted = 0;
  const char* const end = macro.digits.data() + macro.digits.size();
  const auto read = std::from_chars(macro.digits.data(), end, wanted);
  return read.ec == std::errc::result_out_of_range || wanted >= labels_of(value, macro);
}

/// True for a mechanism of another family too.
bool is_other_network(std::string_view term, std::span<const unsigned char> address) {
  if (term.find_first_of("+-~?") == 0) term.remove_prefix(1);
  if (term.size() < 4 || to_lower(term[0]) != 'i' || to_lower(term[1]) != 'p' || term[3] != ':')
    return false;
  if (term[2] != (address.size() == sizeof(in_addr) ? '4' : '6')) return true;
  const std::string_view range = term.substr(4);
  const std::size_t slash = std::min(range.find('/'), range.size());
  std::array<unsigned char, sizeof(in6_addr)> network{};
  const int family = term[2] == '4' ? AF_INET : AF_INET6;
  if (inet_pton(family, std::string(range.substr(0, slash)).c_str(), network.data()) != 1)
    return false;
  std::size_t bits = address.size() * 8;
  if (slash < range.size())
    std::from_chars(range.data() + slash + 1, range.data() + range.size(), bits);
  for (std::size_t bit = 0; bit < std::min(bits, address.size() * 8); ++bit) {
    const unsigned difference = address[bit / 8] ^ network[bit / 8];
    if ((difference >> (7 - bit % 8) & 1U) != 0) return true;
  }
  return false;
}

}  // namespace

std::string without_vain_digits(std::string_view record,
                                const std::map<char, std::string>& values) {
  std::string mended;
  while (true) {
    const std::size_t start = record.find("%{");
    if (start == record.npos) return mended += record;
    const std::string_view before = record.substr(0, start + 3);  // the letter too
    const Macro macro = read_macro(record.substr(before.size()));
    const auto value = values.find(to_lower(before.back()));
    mended += before;
    if (value == values.end() || macro.digits.empty() || !are_vain(macro, value->second))
      mended += macro.digits;
    mended += macro.rest;
    record.remove_prefix(before.size() + macro.digits.size() + macro.rest.size());
  }
}

std::string without_other_networks(std::string_view record,
                                   std::span<const unsigned char> address) {
  std::string mended;
  while (!record.empty()) {
    const std::string_view term = record.substr(0, record.find(' '));
    record.remove_prefix(std::min(term.size() + 1, record.size()));
    if (is_other_network(term, address)) continue;
    if (!mended.empty()) mended += ' ';
    mended += term;
  }
  return mended;
}

}  // namespace domains::spf
