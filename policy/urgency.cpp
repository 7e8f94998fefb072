#include "policy/urgency.hpp"

#include "mail/header_fields.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace policy {
namespace {

constexpr std::array<std::string_view, 2> one_time_login{"/user/reset/",
                                                         "/user/registrationpassword/"};

constexpr std::size_t max_url_octets = 500;
constexpr std::size_t max_links = 1000;  // of one text

/// What ends the path of a URL: its query and fragment, white space, and what stands around URLs in
/// running text and in HTML.
constexpr std::array<bool, 256> make_path_ends() noexcept {
  std::array<bool, 256> ends{};
  for (const char c : std::string_view("?# \t\r\n\"'<>()"))
    ends[static_cast<unsigned char>(c)] = true;
  return ends;
}
constexpr std::array<bool, 256> path_ends = make_path_ends();

/// Authority and path of the URL whose `://` ends right before `text`.
std::string_view hierarchy_of(std::string_view text) noexcept {
  text = text.substr(0, max_url_octets);
  const auto end = std::find_if(
      text.begin(), text.end(), [](char c) { return path_ends[static_cast<unsigned char>(c)]; });
  return text.substr(0, static_cast<std::size_t>(end - text.begin()));
}

bool is_web_scheme(std::string_view before_colon) noexcept {
  constexpr std::size_t longest = 5;
  const std::string_view end =
      before_colon.substr(before_colon.size() - std::min(before_colon.size(), longest));
  return mail::equals_ignoring_case(end, "https") ||
         (end.size() >= 4 && mail::equals_ignoring_case(end.substr(end.size() - 4), "http"));
}

/// The path behind the authority; empty where there is none of the two.
std::string_view path_of(std::string_view hierarchy) noexcept {
  const std::size_t slash = hierarchy.find('/');
  return slash == 0 || slash == std::string_view::npos ? std::string_view{}
                                                       : hierarchy.substr(slash);
}

bool is_urgent_path(std::string_view path, std::span<const std::string> paths) noexcept {
  const auto within = [path](std::string_view wanted) {
    return path.find(wanted) != std::string_view::npos;
  };
  return std::any_of(one_time_login.begin(), one_time_login.end(), within) ||
         std::any_of(paths.begin(), paths.end(), within);
}

}  // namespace

bool has_urgent_link(std::string_view text, std::span<const std::string> paths) noexcept {
  constexpr std::string_view separator = "://";
  std::size_t at = text.find(separator);
  for (std::size_t links = 0; links < max_links && at != std::string_view::npos; ++links) {
    const std::string_view url = hierarchy_of(text.substr(at + separator.size()));
    if (is_web_scheme(text.substr(0, at)) && is_urgent_path(path_of(url), paths)) return true;
    at = text.find(separator, at + separator.size() + url.size());
  }
  return false;
}

Urgency urgency(const Summary& summary, const Envelope& envelope) noexcept {
  if (envelope.forward_paths.size() != 1) return {};
  return {.by_link = summary.urgent_link, .by_field = summary.urgent_field};
}

}  // namespace policy
