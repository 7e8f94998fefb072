#include "relay/config/check.hpp"

#include "relay/config/nearest.hpp"
#include "relay/config/values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

namespace config {

std::string in_quotes(std::string_view value) {
  constexpr std::size_t longest = 60;
  std::string text;
  for (const char c : value.substr(0, longest)) {
    const auto octet = static_cast<unsigned char>(c);
    text += octet < 0x20 || octet >= 0x7f || c == '`' ? '?' : c;
  }
  return fmt::format("`{}{}`", text, value.size() > longest ? "..." : "");
}

std::string describe(const std::filesystem::path& file, const Mistake& mistake) {
  if (mistake.line == 0) return fmt::format("{}: {}", file.string(), mistake.text);
  return fmt::format("{}:{}:{}: {}", file.string(), mistake.line, mistake.column, mistake.text);
}

namespace {

/// "listen.smtp" of "listen.smtp[]": a path as people write it.
std::string_view without_brackets(std::string_view path) {
  return path.ends_with("[]") ? path.substr(0, path.size() - 2) : path;
}

/// The parent of the only key of that name elsewhere in the file, or "".
std::string_view elsewhere(KeyTable table, std::string_view name) {
  std::string_view parent;
  int found = 0;
  for (const Key& key : table) {
    if (key.name() != name || key.parent().empty()) continue;
    parent = key.parent();
    ++found;
  }
  return found == 1 ? parent : std::string_view();
}

std::string describe_unknown(KeyTable table, std::string_view parent, std::string_view name) {
  const std::vector<std::string> names = names_under(table, parent);
  const std::string start = fmt::format("unknown key {}", in_quotes(name));
  if (const std::string near = nearest(name, names); !near.empty())
    return fmt::format("{}: write `{}`", start, near);
  if (const std::string_view home = elsewhere(table, name); !home.empty())
    return fmt::format("{} here: it belongs under `{}`", start, without_brackets(home));
  return fmt::format("{}: the keys here are `{}`", start, fmt::join(names, "`, `"));
}

bool is_a(Kind kind, std::string_view value, const Key& key) {
  const auto in_range = [&key](std::optional<std::int64_t> number) {
    return number && *number >= key.least && *number <= key.most;
  };
  switch (kind) {
    case Kind::integer:
      return in_range(parse_integer(value));
    case Kind::size:
      return in_range(parse_size(value));
    case Kind::duration:
      return in_range(parse_duration(value));
    case Kind::rate:
      return value == "auto" || parse_rate(value).has_value();
    case Kind::ratio:
      return parse_ratio(value).has_value();
    case Kind::boolean:
      return parse_boolean(value).has_value();
    case Kind::text:
    case Kind::secret:
    case Kind::path:
      return !value.empty();
    case Kind::choice:
    case Kind::fixed:
    case Kind::endpoint:
    case Kind::map:
    case Kind::map_or_list:
    case Kind::list_of_maps:
    case Kind::list_of_maps_or_endpoints:
    case Kind::list_of_texts:
    case Kind::list_of_networks:
    case Kind::list_of_choices:
    case Kind::list_of_durations:
    case Kind::awaited:
      return true;
  }
  return true;
}

class Checker {
 public:
  Checker(KeyTable table, Findings& findings) : table_(table), findings_(findings) {}

  void map(const Node& node, std::string_view path) {
    for (const Member& member : node.members) {
      if (const Key* key = find_key(table_, path, member.key)) {
        value(*key, member);
      } else if (const Key* secret = find_secret_of_file(table_, path, member.key)) {
        secret_file(*secret, member, node);
      } else {
        findings_.mistake(member.place, describe_unknown(table_, path, member.key));
      }
    }
    required(node, path);
  }

 private:
  void required(const Node& node, std::string_view path) {
    for (const Key& key : table_) {
      if (key.parent() != path || key.preset != "required" || node.find(key.name()) != nullptr)
        continue;
      const std::string where =
          path.empty() ? "" : fmt::format(" under `{}`", without_brackets(path));
      const bool one_choice = key.kind == Kind::choice && words_of(key.choices).size() == 1;
      const std::string mend = one_choice
                                   ? fmt::format("write `{}: {}`", key.name(), key.choices)
                                   : fmt::format("give {}. {}", describe_kind(key), key.meaning);
      findings_.mistake(node.place, fmt::format("`{}` is missing{}: {}", key.name(), where, mend));
    }
  }

  void secret_file(const Key& secret, const Member& member, const Node& map) {
    if (map.find(secret.name()) != nullptr)
      findings_.mistake(
          member.place,
          fmt::format("`{0}` and `{0}_file` are both given: keep one of them", secret.name()));
    if (member.value.shape != Shape::scalar || member.value.scalar.empty())
      findings_.mistake(member.value.place, fmt::format("`{}` must be a path", member.key));
  }

  void value(const Key& key, const Member& member) {
    const Node& node = member.value;
    if (node.faulty) return;
    switch (key.kind) {
      case Kind::awaited:
        findings_.mistake(
            member.place,
            fmt::format("the feature behind `{}` has not landed yet: remove the key", key.path));
        return;
      case Kind::map:
        return node.shape == Shape::map ? map(node, key.path) : wrong(key, node);
      case Kind::map_or_list:
        if (node.shape == Shape::map) return map(node, key.path);
        return list_of_maps(key, node, key.path);
      case Kind::list_of_maps:
      case Kind::list_of_maps_or_endpoints:
        return list_of_maps(key, node, fmt::format("{}[]", key.path));
      case Kind::list_of_texts:
      case Kind::list_of_networks:
      case Kind::list_of_choices:
      case Kind::list_of_durations:
        return list_of_scalars(key, node);
      case Kind::text:
      case Kind::secret:
      case Kind::path:
      case Kind::endpoint:
      case Kind::integer:
      case Kind::rate:
      case Kind::ratio:
      case Kind::boolean:
      case Kind::size:
      case Kind::duration:
      case Kind::choice:
      case Kind::fixed:
        return scalar(key, node);
    }
  }

  static bool too_long(const Key& key, const Node& list) {
    const std::int64_t most = key.kind == Kind::list_of_durations ? max_durations : key.most;
    return most > 0 && list.items.size() > static_cast<std::size_t>(most);
  }

  void list_of_maps(const Key& key, const Node& node, std::string_view path) {
    const bool needed = key.kind == Kind::map_or_list || key.preset == "required";
    if (node.shape != Shape::sequence || (needed && node.items.empty()) || too_long(key, node))
      return wrong(key, node);
    for (const Node& item : node.items) {
      const bool endpoint =
          key.kind == Kind::list_of_maps_or_endpoints && item.shape == Shape::scalar;
      if (endpoint)
        check_endpoint(key, item);
      else if (item.shape == Shape::map)
        map(item, path);
      else
        wrong(key, item);
    }
  }

  void list_of_scalars(const Key& key, const Node& node) {
    if (node.shape != Shape::sequence || too_long(key, node)) return wrong(key, node);
    for (const Node& item : node.items) {
      if (item.faulty) continue;
      if (item.shape != Shape::scalar || item.scalar.empty())
        wrong(key, node);
      else if (key.kind == Kind::list_of_networks)
        network(key, item);
      else if (key.kind == Kind::list_of_choices)
        choice(key, item);
      else if (key.kind == Kind::list_of_durations && !is_a(Kind::duration, item.scalar, key))
        wrong(key, item);
    }
  }

  void scalar(const Key& key, const Node& node) {
    if (node.shape != Shape::scalar) return wrong(key, node);
    if (key.kind == Kind::endpoint) return check_endpoint(key, node);
    if (key.kind == Kind::choice) return choice(key, node);
    if (key.kind == Kind::fixed) return fixed(key, node);
    if (!is_a(key.kind, node.scalar, key)) wrong(key, node);
  }

  void fixed(const Key& key, const Node& node) {
    if (node.scalar == key.preset) return;
    findings_.mistake(node.place,
                      fmt::format("`{0}` takes only `{1}` yet, because the feature behind other "
                                  "values has not landed: write "
                                  "`{0}: {1}`",
                                  key.name(),
                                  key.preset));
  }

  void choice(const Key& key, const Node& node) {
    const auto choices = words_of(key.choices);
    if (std::ranges::find(choices, node.scalar) != choices.end()) return;
    const auto awaited = words_of(key.awaited);
    if (std::ranges::find(awaited, node.scalar) != awaited.end())
      return findings_.mistake(
          node.place,
          fmt::format(
              "the feature behind {} in `{}` has not landed yet: {}",
              in_quotes(node.scalar),
              key.path,
              key.kind == Kind::choice ? fmt::format("write `{}`", choices.front()) : "remove it"));
    const std::vector<std::string> names(choices.begin(), choices.end());
    const std::string near = nearest(node.scalar, names);
    if (near.empty()) return wrong(key, node);
    findings_.mistake(
        node.place,
        fmt::format("`{}` does not know {}: write `{}`", key.name(), in_quotes(node.scalar), near));
  }

  void check_endpoint(const Key& key, const Node& node) {
    if (const auto endpoint = parse_endpoint(node.scalar); !endpoint)
      findings_.mistake(
          node.place,
          fmt::format(
              "{} in `{}` {}", in_quotes(node.scalar), key.path, endpoint.error().sentence()));
  }

  void network(const Key& key, const Node& node) {
    if (const auto network = parse_network(node.scalar); !network)
      findings_.mistake(
          node.place,
          fmt::format(
              "{} in `{}` {}", in_quotes(node.scalar), key.path, network.error().sentence()));
  }

  void wrong(const Key& key, const Node& node) {
    const bool shown =
        node.shape == Shape::scalar && !node.scalar.empty() && key.kind != Kind::secret;
    findings_.mistake(node.place,
                      fmt::format("`{}` must be {}{}",
                                  key.path,
                                  describe_kind(key),
                                  shown ? ", not " + in_quotes(node.scalar) : ""));
  }

  KeyTable table_;
  Findings& findings_;
};

}  // namespace

void check_tree(const Node& root, KeyTable table, Findings& findings) {
  Checker(table, findings).map(root, "");
}

}  // namespace config
