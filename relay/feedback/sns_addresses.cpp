#include "relay/feedback/sns_addresses.hpp"

#include <boost/algorithm/string/replace.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>
#include <vector>

namespace feedback {
namespace {

constexpr std::size_t longest_token = 1024;
constexpr std::size_t longest_topic_name = 256;
constexpr std::size_t account_digits = 12;
constexpr std::size_t certificate_digits = 32;

constexpr std::string_view digits = "0123456789";
constexpr std::string_view hexadecimal = "0123456789abcdef";
constexpr std::string_view region_octets = "abcdefghijklmnopqrstuvwxyz0123456789-";
constexpr std::string_view letters_and_digits =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
constexpr std::string_view topic_octets =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";

bool is_of(std::string_view text, std::string_view octets) {
  return !text.empty() && text.find_first_not_of(octets) == std::string_view::npos;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::optional<std::string_view> suffix_of(std::string_view partition) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 3> suffixes{{
      {"aws", "amazonaws.com"},
      {"aws-us-gov", "amazonaws.com"},
      {"aws-cn", "amazonaws.com.cn"},
  }};
  for (const auto& [known, suffix] : suffixes)
    if (known == partition) return suffix;
  return std::nullopt;
}

}  // namespace

std::optional<std::string> sns_host(std::string_view topic_arn) {
  // arn:PARTITION:sns:REGION:ACCOUNT:NAME
  const auto parts = split(topic_arn, ':');
  if (parts.size() != 6 || parts[0] != "arn" || parts[2] != "sns") return std::nullopt;
  const auto suffix = suffix_of(parts[1]);
  const std::string_view region = parts[3], account = parts[4], name = parts[5];
  if (!suffix || !is_of(region, region_octets) || account.size() != account_digits ||
      !is_of(account, digits) || name.size() > longest_topic_name || !is_of(name, topic_octets))
    return std::nullopt;
  return fmt::format("sns.{}.{}", region, *suffix);
}

bool is_certificate_url(std::string_view url, std::string_view host) {
  const std::string before = fmt::format("https://{}/SimpleNotificationService-", host);
  constexpr std::string_view after = ".pem";
  if (url.size() != before.size() + certificate_digits + after.size()) return false;
  return url.starts_with(before) && url.ends_with(after) &&
         is_of(url.substr(before.size(), certificate_digits), hexadecimal);
}

bool is_subscribe_url(std::string_view url,
                      std::string_view host,
                      std::string_view topic_arn,
                      std::string_view token) {
  const std::string before = fmt::format("https://{}/?", host);
  if (!url.starts_with(before)) return false;
  std::vector<std::string_view> asked = split(url.substr(before.size()), '&');
  std::ranges::sort(asked);
  const std::string topic = fmt::format("TopicArn={}", topic_arn);
  const std::string escaped = boost::replace_all_copy(topic, ":", "%3A");
  return asked.size() == 3 && asked[0] == "Action=ConfirmSubscription" &&
         asked[1] == fmt::format("Token={}", token) && (asked[2] == topic || asked[2] == escaped);
}

std::string subscribe_url(std::string_view host,
                          std::string_view topic_arn,
                          std::string_view token) {
  return fmt::format(
      "https://{}/?Action=ConfirmSubscription&TopicArn={}&Token={}", host, topic_arn, token);
}

bool is_token(std::string_view text) {
  return text.size() <= longest_token && is_of(text, letters_and_digits);
}

}  // namespace feedback
