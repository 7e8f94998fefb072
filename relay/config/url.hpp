#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace config {

inline constexpr std::size_t max_url_octets = 2048;

/// What an absolute URL of HTTP leads to.
struct Url {
  bool https = false;
  std::string host;  ///< in lower case; a literal IP address without brackets
  std::uint16_t port = 0;
};

/// `https://hooks.example.com:8443/postern?x=1`, printable US-ASCII. Nothing for another scheme,
/// and where there is a user or a fragment.
[[nodiscard]] std::optional<Url> parse_url(std::string_view text);

/// `arn:aws:sns:eu-central-1:111122223333:ses-events`: a standard topic, in any of the partitions.
[[nodiscard]] bool is_topic_arn(std::string_view text);

}  // namespace config
