#include "relay/config/keys.hpp"

#include "relay/config/values.hpp"

#include <fmt/format.h>

namespace config {
namespace {

std::string quoted_list(std::string_view choices) {
  return fmt::format("`{}`", fmt::join(words_of(choices), "`, `"));
}

}  // namespace

std::string_view Key::name() const noexcept { return path.substr(path.rfind('.') + 1); }

std::string_view Key::parent() const noexcept {
  const auto dot = path.rfind('.');
  return dot == std::string_view::npos ? std::string_view() : path.substr(0, dot);
}

const Key* find_key(KeyTable table, std::string_view parent, std::string_view name) noexcept {
  for (const Key& key : table)
    if (key.parent() == parent && key.name() == name) return &key;
  return nullptr;
}

const Key* find_secret_of_file(KeyTable table,
                               std::string_view parent,
                               std::string_view name) noexcept {
  constexpr std::string_view suffix = "_file";
  if (!name.ends_with(suffix)) return nullptr;
  const Key* key = find_key(table, parent, name.substr(0, name.size() - suffix.size()));
  return key != nullptr && key->kind == Kind::secret ? key : nullptr;
}

std::vector<std::string> names_under(KeyTable table, std::string_view parent) {
  std::vector<std::string> names;
  for (const Key& key : table) {
    if (key.parent() != parent || key.kind == Kind::awaited) continue;
    names.emplace_back(key.name());
    if (key.kind == Kind::secret) names.push_back(fmt::format("{}_file", key.name()));
  }
  return names;
}

std::string describe_kind(const Key& key) {
  switch (key.kind) {
    case Kind::map:
      return "a map";
    case Kind::map_or_list:
      return fmt::format("a map, or a list of at most {} maps", key.most);
    case Kind::list_of_maps:
      return "a list of maps";
    case Kind::list_of_maps_or_endpoints:
      return "a list of maps or addresses";
    case Kind::list_of_texts:
      return key.most == 0 ? "a list of texts"
                           : fmt::format("a list of at most {} texts", key.most);
    case Kind::list_of_networks:
      return "a list of networks like 10.0.0.0/8";
    case Kind::list_of_choices:
      return fmt::format("a list of {}", quoted_list(key.choices));
    case Kind::list_of_durations:
      return fmt::format("a list of at most {} durations from {} to {}",
                         max_durations,
                         duration_text(key.least),
                         duration_text(key.most));
    case Kind::text:
      return "a text";
    case Kind::secret:
      return "a text, kept secret";
    case Kind::path:
      return "a path";
    case Kind::endpoint:
      return "an IP address and a port like 127.0.0.1:2525";
    case Kind::integer:
      return fmt::format("a number from {} to {}", key.least, key.most);
    case Kind::rate:
      return "a number above 0, or `auto`";
    case Kind::ratio:
      return "a number above 0 and below 1";
    case Kind::boolean:
      return "`true` or `false`";
    case Kind::size:
      return fmt::format("a size from {} to {}", size_text(key.least), size_text(key.most));
    case Kind::duration:
      return fmt::format(
          "a duration from {} to {}", duration_text(key.least), duration_text(key.most));
    case Kind::choice:
      return fmt::format("one of {}", quoted_list(key.choices));
    case Kind::fixed:
      return fmt::format("only `{}` yet", key.preset);
    case Kind::awaited:
      return "not yet";
  }
  return {};
}

std::vector<std::string_view> words_of(std::string_view separated_by_spaces) {
  std::vector<std::string_view> words;
  while (!separated_by_spaces.empty()) {
    const auto space = separated_by_spaces.find(' ');
    words.push_back(separated_by_spaces.substr(0, space));
    separated_by_spaces.remove_prefix(space == std::string_view::npos ? separated_by_spaces.size()
                                                                      : space + 1);
  }
  return words;
}

}  // namespace config
