#pragma once

#include "mail/result.hpp"

#include <chrono>
#include <filesystem>
#include <string>

namespace cli {

/// What the running relay answered.
struct Answer {
  unsigned status = 0;
  std::string body;
};

/// Asks the running relay by HTTP GET over its admin socket; blocks, 10 s at most for the whole
/// exchange. A Failure says that no relay is running and how to start it, or what else kept it from
/// answering. `target` is path and encoded query.
[[nodiscard]] mail::Result<Answer> ask_relay(
    const std::filesystem::path& socket,
    const std::string& target,
    std::chrono::milliseconds limit = std::chrono::seconds(10));

/// A query's value: all but unreserved characters (RFC 3986 2.3) as %XX.
[[nodiscard]] std::string url_encoded(std::string_view text);

}  // namespace cli
