#include "relay/config/values.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <limits>

namespace config {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t factor;
};
constexpr std::array size_units{
    Unit{"GiB", 1LL << 30}, Unit{"MiB", 1LL << 20}, Unit{"KiB", 1LL << 10}};
constexpr std::array duration_units{Unit{"d", 86400}, Unit{"h", 3600}, Unit{"m", 60}, Unit{"s", 1}};

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_alphanumeric(char c) { return is_digit(c) || is_lower(c) || (c >= 'A' && c <= 'Z'); }

template <std::size_t N>
std::optional<std::int64_t> with_unit(std::string_view text, const std::array<Unit, N>& units) {
  for (const Unit& unit : units) {
    if (!text.ends_with(unit.name)) continue;
    const auto count = parse_integer(text.substr(0, text.size() - unit.name.size()));
    if (!count || *count > std::numeric_limits<std::int64_t>::max() / unit.factor)
      return std::nullopt;
    return *count * unit.factor;
  }
  return std::nullopt;
}

template <std::size_t N>
std::string in_units(std::int64_t value, const std::array<Unit, N>& units) {
  for (const Unit& unit : units)
    if (value != 0 && value % unit.factor == 0)
      return fmt::format("{}{}", value / unit.factor, unit.name);
  return {};
}

/// Digits, and behind a point at most 6 more.
std::optional<double> parse_decimal(std::string_view text) {
  const auto point = text.find('.');
  if (!parse_integer(text.substr(0, point))) return std::nullopt;
  if (point != std::string_view::npos) {
    const std::string_view fraction = text.substr(point + 1);
    if (fraction.empty() || fraction.size() > 6 || !std::ranges::all_of(fraction, is_digit))
      return std::nullopt;
  }
  double value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  return value;
}

bool host_bits_are_zero(const std::vector<std::uint8_t>& octets, std::size_t prefix) {
  for (std::size_t bit = prefix; bit < octets.size() * 8; ++bit)
    if ((octets[bit / 8] >> (7 - bit % 8)) & 1) return false;
  return true;
}

bool is_host_label(std::string_view label) {
  return !label.empty() && label.size() <= 63 && label.front() != '-' && label.back() != '-' &&
         std::ranges::all_of(label, [](char c) { return is_alphanumeric(c) || c == '-'; });
}

}  // namespace

std::optional<std::int64_t> parse_integer(std::string_view text) {
  const bool leading_zero = text.size() > 1 && text.front() == '0';
  if (text.empty() || text.size() > 18 || leading_zero || !std::ranges::all_of(text, is_digit))
    return std::nullopt;
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::optional<double> parse_rate(std::string_view text) {
  const auto value = parse_decimal(text);
  return value && *value > 0 && *value <= 1e6 ? value : std::nullopt;
}

std::optional<double> parse_ratio(std::string_view text) {
  const auto value = parse_decimal(text);
  return value && *value > 0 && *value < 1 ? value : std::nullopt;
}

std::optional<bool> parse_boolean(std::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  return std::nullopt;
}

std::optional<std::int64_t> parse_size(std::string_view text) {
  if (const auto octets = parse_integer(text)) return octets;
  return with_unit(text, size_units);
}

std::optional<std::int64_t> parse_duration(std::string_view text) {
  return with_unit(text, duration_units);
}

std::string size_text(std::int64_t octets) {
  const std::string text = in_units(octets, size_units);
  return text.empty() ? fmt::format("{}", octets) : text;
}

std::string duration_text(std::int64_t seconds) {
  const std::string text = in_units(seconds, duration_units);
  return text.empty() ? "0s" : text;
}

mail::Result<Endpoint> parse_endpoint(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos)
    return mail::failure("has no port: write an IP address and a port, like 127.0.0.1:2525");
  std::string_view address = text.substr(0, colon);
  const bool bracketed = address.size() > 2 && address.front() == '[' && address.back() == ']';
  if (bracketed) address = address.substr(1, address.size() - 2);
  const auto octets = address_octets(address);
  if (!octets)
    return mail::failure(
        "is not a literal IP address and a port: write it like 127.0.0.1:2525 or \"[::1]:2525\"");
  if (bracketed != (octets->size() == 16))
    return mail::failure(
        "needs brackets around an IPv6 address and none around IPv4: write it like \"[::1]:2525\"");
  const auto port = parse_integer(text.substr(colon + 1));
  if (!port || *port > 65535)
    return mail::failure("has no port from 0 to 65535 after the last colon: write one");
  return Endpoint{std::string(address), static_cast<std::uint16_t>(*port)};
}

mail::Result<Endpoint> parse_server(std::string_view text) {
  constexpr std::uint16_t dns_port = 53;
  if (address_octets(text)) return Endpoint{std::string(text), dns_port};
  auto endpoint = parse_endpoint(text);
  if (!endpoint || endpoint->port == 0)
    return mail::failure("is no resolver: write its IP address, like 127.0.0.1 or 127.0.0.1:5353");
  return endpoint;
}

std::optional<std::vector<std::uint8_t>> address_octets(std::string_view text) {
  const std::string address(text);
  std::array<std::uint8_t, 16> octets{};
  if (inet_pton(AF_INET, address.c_str(), octets.data()) == 1)
    return std::vector<std::uint8_t>(octets.begin(), octets.begin() + 4);
  if (inet_pton(AF_INET6, address.c_str(), octets.data()) == 1)
    return std::vector<std::uint8_t>(octets.begin(), octets.end());
  return std::nullopt;
}

mail::Result<std::string> parse_network(std::string_view text) {
  const auto slash = text.find('/');
  const auto octets = address_octets(text.substr(0, slash));
  if (!octets) return mail::failure("is not a network: write it like 10.0.0.0/8 or \"::1\"");
  const std::size_t bits = octets->size() * 8;
  if (slash == std::string_view::npos) return fmt::format("{}/{}", text, bits);
  const auto prefix = parse_integer(text.substr(slash + 1));
  if (!prefix || static_cast<std::size_t>(*prefix) > bits)
    return mail::failure(
        fmt::format("has no prefix length from 0 to {} after the slash: write one", bits));
  if (!host_bits_are_zero(*octets, static_cast<std::size_t>(*prefix)))
    return mail::failure(fmt::format(
        "has bits set after its first {}: write the network's own address, or /{} for one host",
        *prefix,
        bits));
  return std::string(text);
}

bool is_loopback(std::string_view address) {
  const auto octets = address_octets(address);
  if (!octets) return false;
  if (octets->size() == 4) return octets->front() == 127;
  return std::all_of(octets->begin(), octets->end() - 1, [](auto octet) { return octet == 0; }) &&
         octets->back() == 1;
}

bool is_app_name(std::string_view text) {
  return !text.empty() && text.size() <= 63 && text.front() != '-' &&
         std::ranges::all_of(text, [](char c) { return is_digit(c) || is_lower(c) || c == '-'; });
}

bool is_configuration_set(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, [](char c) {
    return is_alphanumeric(c) || c == '-' || c == '_';
  });
}

bool is_host(std::string_view text) {
  if (address_octets(text)) return true;
  if (text.empty() || text.size() > 253) return false;
  while (true) {
    const auto dot = text.find('.');
    if (!is_host_label(text.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

std::string machine_name() {
  std::array<char, 256> name{};
  const bool known = ::gethostname(name.data(), name.size() - 1) == 0 && is_host(name.data());
  return known ? name.data() : "localhost";
}

bool is_link_path(std::string_view text) {
  return text.size() >= 2 && text.size() <= 200 && text.front() == '/' &&
         std::ranges::all_of(text, [](char c) {
           return is_alphanumeric(c) ||
                  std::string_view("-._~!$&*+,;=:@%/").find(c) != std::string_view::npos;
         });
}

bool is_region(std::string_view text) {
  const auto dash = text.rfind('-');
  return dash != std::string_view::npos && dash >= 4 && text.size() <= 32 &&
         is_lower(text.front()) && parse_integer(text.substr(dash + 1)).has_value() &&
         std::ranges::all_of(text.substr(0, dash), [](char c) { return is_lower(c) || c == '-'; });
}

}  // namespace config
