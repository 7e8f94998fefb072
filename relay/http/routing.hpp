#pragma once

#include "relay/http/server.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace http {

/// What a request asks for: its path and query, and the path by decoded segments.
struct Target {
  Request request;
  std::vector<std::string> segments;  ///< of the path `/` one, that is empty
};

/// Nothing where the target is no path with a query (RFC 9112 3.2.1).
[[nodiscard]] std::optional<Target> target_of(std::string_view text);

struct Found {
  const Route* route = nullptr;  ///< none: nothing is at this path
  std::string parameter;
};

/// The route that answers at a path.
[[nodiscard]] Found find(const Routes& routes, const std::vector<std::string>& segments);

}  // namespace http
