#include "relay/config/url.hpp"

#include "relay/config/values.hpp"

#include <algorithm>
#include <array>

namespace config {
namespace {

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return result;
}

/// Cuts the scheme off; whether it is https, or nothing where it is neither.
std::optional<bool> take_scheme(std::string_view& text) {
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (!text.starts_with(scheme)) continue;
    text.remove_prefix(scheme.size());
    return scheme.size() == std::string_view("https://").size();
  }
  return std::nullopt;
}

/// `host`, `host:port`, `[::1]` or `[::1]:port`. An IPv6 address stands in brackets alone.
bool read_authority(std::string_view text, Url& url) {
  const bool bracketed = text.starts_with('[');
  const auto host_end = bracketed ? text.find(']') : text.find(':');
  if (bracketed && host_end == std::string_view::npos) return false;
  url.host = lower(bracketed ? text.substr(1, host_end - 1) : text.substr(0, host_end));
  const bool is_ip6 = url.host.find(':') != std::string::npos;
  if (!is_host(url.host) || bracketed != is_ip6) return false;
  std::string_view rest;
  if (host_end != std::string_view::npos) rest = text.substr(host_end + (bracketed ? 1 : 0));
  if (rest.empty()) return true;
  const auto port = parse_integer(rest.substr(1));
  if (rest.front() != ':' || !port || *port < 1 || *port > 65535) return false;
  url.port = static_cast<std::uint16_t>(*port);
  return true;
}

/// Cuts the text before the next colon off.
std::string_view take_field(std::string_view& text) {
  const auto colon = text.find(':');
  const std::string_view field = text.substr(0, colon);
  text.remove_prefix(colon == std::string_view::npos ? text.size() : colon + 1);
  return field;
}

}  // namespace

std::optional<Url> parse_url(std::string_view text) {
  const bool printable = std::ranges::all_of(
      text, [](char c) { return c > ' ' && c <= '~' && c != '#' && c != '\\'; });
  if (!printable || text.size() > max_url_octets) return std::nullopt;
  const auto https = take_scheme(text);
  if (!https) return std::nullopt;
  Url url{.https = *https, .port = static_cast<std::uint16_t>(*https ? 443 : 80)};
  return read_authority(text.substr(0, text.find_first_of("/?")), url) ? std::optional(url)
                                                                       : std::nullopt;
}

bool is_topic_arn(std::string_view text) {
  constexpr std::array<std::string_view, 3> partitions{"aws", "aws-cn", "aws-us-gov"};
  constexpr std::size_t account_digits = 12;
  if (take_field(text) != "arn") return false;
  if (std::ranges::find(partitions, take_field(text)) == partitions.end()) return false;
  if (take_field(text) != "sns" || !is_region(take_field(text))) return false;
  const std::string_view account = take_field(text);
  return account.size() == account_digits && std::ranges::all_of(account, is_digit) &&
         !text.empty() && text.size() <= 256 && std::ranges::all_of(text, [](char c) {
           return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
                  c == '_';
         });
}

}  // namespace config
