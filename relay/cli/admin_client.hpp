#pragma once

#include "mail/result.hpp"

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace cli {

/// What the running relay answered.
struct Answer {
  unsigned status = 0;
  std::string body;
};

/// What is asked: a GET, with a body a POST of JSON.
struct Request {
  std::string target;  ///< path and encoded query
  std::optional<std::string> body = std::nullopt;
  std::chrono::milliseconds limit = std::chrono::seconds(10);  ///< for the whole exchange
  bool removes = false;                                        ///< a DELETE
};

/// Asks the running relay by HTTP over its admin socket; blocks. A Failure says that no relay is
/// running and how to start it, or what else kept it from answering.
[[nodiscard]] mail::Result<Answer> ask_relay(const std::filesystem::path& socket, Request asked);

/// A query's value or a segment of a path: all but unreserved characters (RFC 3986 2.3) as %XX.
[[nodiscard]] std::string url_encoded(std::string_view text);

}  // namespace cli
