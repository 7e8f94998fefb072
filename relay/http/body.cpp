#include "relay/http/body.hpp"

#include "relay/observe/escape.hpp"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace http {

namespace {

namespace json = boost::json;

constexpr std::string_view line_ends = "\r\n";

// The text of a value that is one and keeps to the bound; the only control characters in it are
// those allowed.
std::optional<std::string> text_of(const json::value& value,
                                   std::size_t most,
                                   std::string_view allowed = {}) {
  const json::string* text = value.if_string();
  if (text == nullptr || text->empty() || text->size() > most) return std::nullopt;
  const bool control = std::ranges::any_of(*text, [&](char c) {
    return (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) &&
           allowed.find(c) == std::string_view::npos;
  });
  if (control) return std::nullopt;
  return std::string(text->data(), text->size());
}

}  // namespace

Body::Body(std::string_view text) {
  boost::system::error_code error;
  json::value value = json::parse(text, error);
  if (error || !value.is_object()) {
    refuse("The body is no JSON object.");
  } else {
    members_ = std::move(value.as_object());
  }
}

std::optional<json::value> Body::take(std::string_view name) {
  const auto found = members_.find(name);
  if (found == members_.end()) return std::nullopt;
  json::value value = std::move(found->value());
  members_.erase(found);
  return value;
}

std::optional<std::string> Body::text(std::string_view name, std::size_t most) {
  const auto value = take(name);
  if (!value) return std::nullopt;
  auto text = text_of(*value, most);
  if (!text) {
    refuse(fmt::format(
        "`{}` must be a text of 1 to {} octets without control characters.", name, most));
  }
  return text;
}

std::optional<std::string> Body::lines(std::string_view name, std::size_t most) {
  const auto value = take(name);
  if (!value) return std::nullopt;
  auto text = text_of(*value, most, line_ends);
  if (!text) refuse(fmt::format("`{}` must be lines of text, 1 to {} octets.", name, most));
  return text;
}

std::vector<std::string> Body::texts(std::string_view name, std::size_t most_members) {
  constexpr std::size_t most_octets = 255;
  std::vector<std::string> taken;
  const auto value = take(name);
  if (!value) return taken;
  const json::array* members = value->if_array();
  const bool fits = members != nullptr && !members->empty() && members->size() <= most_members;
  for (std::size_t i = 0; fits && i < members->size(); ++i) {
    if (auto text = text_of((*members)[i], most_octets)) taken.push_back(std::move(*text));
  }
  if (!fits || taken.size() < members->size())
    refuse(fmt::format("`{}` must be a list of 1 to {} texts.", name, most_members));
  return taken;
}

std::optional<std::int64_t> Body::number(std::string_view name,
                                         std::int64_t least,
                                         std::int64_t most) {
  const auto value = take(name);
  if (!value) return std::nullopt;
  const std::int64_t* number = value->if_int64();
  if (number != nullptr && *number >= least && *number <= most) return *number;
  refuse(fmt::format("`{}` must be a whole number from {} to {}.", name, least, most));
  return std::nullopt;
}

bool Body::flag(std::string_view name) {
  const auto value = take(name);
  if (!value) return false;
  const bool* flag = value->if_bool();
  if (flag == nullptr) refuse(fmt::format("`{}` must be true or false.", name));
  return flag != nullptr && *flag;
}

Body Body::object(std::string_view name) {
  Body taken;
  auto value = take(name);
  if (!value) return taken;
  if (value->is_object()) {
    taken.members_ = std::move(value->as_object());
  } else {
    refuse(fmt::format("`{}` must be an object.", name));
  }
  return taken;
}

std::vector<Body> Body::objects(std::string_view name, std::size_t most_members) {
  std::vector<Body> taken;
  auto value = take(name);
  if (!value) return taken;
  json::array* members = value->if_array();
  const bool fits = members != nullptr && !members->empty() && members->size() <= most_members &&
                    std::ranges::all_of(*members, &json::value::is_object);
  if (!fits) refuse(fmt::format("`{}` must be a list of 1 to {} objects.", name, most_members));
  for (std::size_t i = 0; fits && i < members->size(); ++i) {
    Body& member = taken.emplace_back(Body());
    member.members_ = std::move((*members)[i].as_object());
  }
  return taken;
}

void Body::close(const Body& object) {
  if (auto mistake = object.mistake()) refuse(*std::move(mistake));
}

void Body::awaited(std::string_view name) {
  if (take(name))
    refuse(fmt::format("The feature behind `{}` has not landed yet: leave it out.", name));
}

void Body::refuse(std::string sentence) {
  if (!mistake_) mistake_ = std::move(sentence);
}

std::optional<std::string> Body::mistake() const {
  if (members_.empty()) return mistake_;
  const std::string_view name = members_.begin()->key();
  return fmt::format("`{}` is not known here.", observe::escaped(name, 60));
}

}  // namespace http
