#include "relay/http/routing.hpp"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

namespace http {

namespace {

// Whether a path's segments are those of a route; its parameter goes to `parameter`.
bool fits(std::string_view route,
          const std::vector<std::string>& segments,
          std::string& parameter) {
  for (const std::string& segment : segments) {
    if (route.empty()) return false;
    route.remove_prefix(1);
    const std::string_view expected = route.substr(0, route.find('/'));
    route.remove_prefix(expected.size());
    const bool any = expected.starts_with('{') && !segment.empty();
    if (any) parameter = segment;
    if (!any && segment != expected) return false;
  }
  return route.empty();
}

}  // namespace

// A `{` sorts behind every letter: the first that fits says the most.
Found find(const Routes& routes, const std::vector<std::string>& segments) {
  Found found;
  for (const auto& [path, route] : routes) {
    if (!fits(path, segments, found.parameter)) continue;
    found.route = &route;
    break;
  }
  return found;
}

std::optional<Target> target_of(std::string_view text) {
  const auto url = boost::urls::parse_origin_form(text);
  if (!url) return std::nullopt;
  Target target;
  target.request.path = url->path();
  for (const auto& segment : url->segments()) target.segments.push_back(segment);
  if (target.segments.empty()) target.segments.emplace_back();  // the path /
  for (const auto& parameter : url->params()) {
    target.request.query.emplace(parameter.key,
                                 parameter.has_value ? parameter.value : std::string());
  }
  return target;
}

}  // namespace http
