#include "relay/config/check.hpp"
#include "relay/config/keys.hpp"
#include "relay/config/tree.hpp"
#include "relay/config/values.hpp"
#include "tests/unit/config/folder.hpp"
#include "tests/unit/config/reference.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <regex>
#include <sstream>

using config::Key;
using config::Kind;
using config::Node;

namespace {

const std::filesystem::path conf = CONF_FOLDER;
const std::filesystem::path docs = DOCS_FOLDER;

/// Where a test that fails leaves what it expected, to be copied over the stale file.
std::string left_at(const char* name, const std::string& text) {
  const auto file = std::filesystem::temp_directory_path() / name;
  std::ofstream(file) << text;
  return "copy what was expected from " + file.string();
}

/// What stands between the lines `<!-- begin NAME -->` and `<!-- end NAME -->`.
std::string section_of(const std::string& page, const std::string& name) {
  const std::string begin = "<!-- begin " + name + " -->\n", end = "<!-- end " + name + " -->";
  const auto from = page.find(begin), to = page.find(end);
  if (from == std::string::npos || to == std::string::npos) return "no section " + name;
  return page.substr(from + begin.size(), to - from - begin.size());
}

/// conf/postern.yml with every `#key: value` line brought to life.
std::string uncommented(const std::string& text) {
  static const std::regex commented("^( *)#(- )?([a-z_{].*)$");
  std::istringstream lines(text);
  std::string line, result;
  while (std::getline(lines, line)) result += std::regex_replace(line, commented, "$1$2$3") + "\n";
  return result;
}

/// Every node that stands behind a key path, lists looked into.
void collect(const Node& node,
             const std::string& path,
             std::vector<std::pair<std::string, const Node*>>& found) {
  for (const config::Member& member : node.members) {
    const std::string child = path.empty() ? member.key : path + "." + member.key;
    found.emplace_back(child, &member.value);
    collect(member.value, child, found);
  }
  for (const Node& item : node.items) collect(item, path + "[]", found);
}

bool is_literal(const Key& key) {
  switch (key.kind) {
    case Kind::integer:
      return config::parse_integer(key.preset).has_value();
    case Kind::size:
      return key.preset != "none";
    case Kind::boolean:
    case Kind::duration:
    case Kind::rate:
    case Kind::ratio:
    case Kind::fixed:
      return true;
    case Kind::choice:
      return key.preset != "required";
    case Kind::map:
    case Kind::map_or_list:
    case Kind::list_of_maps:
    case Kind::list_of_maps_or_endpoints:
    case Kind::list_of_texts:
    case Kind::list_of_networks:
    case Kind::list_of_choices:
    case Kind::list_of_durations:
    case Kind::text:
    case Kind::secret:
    case Kind::path:
    case Kind::endpoint:
    case Kind::awaited:
      return false;
  }
  return false;
}

}  // namespace

TEST_SUITE("relay/config/keys") {
  TEST_CASE("conf/postern.schema.json is the table of keys") {
    const auto expected = test::schema();
    const bool same = boost::json::parse(test::read_all(conf / "postern.schema.json")) == expected;
    if (!same) MESSAGE(left_at("postern.schema.json", test::pretty(expected)));
    CHECK(same);
  }

  TEST_CASE("docs/configuration.md has the table of keys") {
    const std::string page = test::read_all(docs / "configuration.md");
    if (section_of(page, "keys") != test::key_table())
      MESSAGE(left_at("postern_keys.md", test::key_table()));
    CHECK(section_of(page, "keys") == test::key_table());
    if (section_of(page, "awaited") != test::awaited_table())
      MESSAGE(left_at("postern_awaited.md", test::awaited_table()));
    CHECK(section_of(page, "awaited") == test::awaited_table());
  }

  TEST_CASE("conf/postern.yml shows every key, and the default where there is one") {
    const std::string text = test::read_all(conf / "postern.yml");
    const config::Tree tree = config::read_tree(uncommented(text));
    for (const config::Mistake& mistake : tree.mistakes)
      FAIL_CHECK(config::describe("postern.yml", mistake));
    REQUIRE(tree.root);
    config::Findings findings;
    config::check_tree(*tree.root, config::keys(), findings);
    for (const config::Mistake& mistake : findings.mistakes)
      FAIL_CHECK(config::describe("postern.yml", mistake));

    std::vector<std::pair<std::string, const Node*>> shown;
    collect(*tree.root, "", shown);
    for (const Key& key : config::keys()) {
      if (key.kind == Kind::awaited || key.path == "listen.http[].address" ||
          key.path == "listen.http[].serve" || key.path == "listen.http[].tls")
        continue;  // a plain address stands for these three
      CAPTURE(key.path);
      const std::string path = std::string(key.path) + (key.kind == Kind::secret ? "_file" : "");
      const auto found =
          std::ranges::find(shown, path, &std::pair<std::string, const Node*>::first);
      REQUIRE(found != shown.end());
      if (is_literal(key) && key.path != "upstream.kind")
        CHECK(found->second->scalar == key.preset);
    }
  }

  TEST_CASE("every key has a parent, a meaning, and a default that its own kind takes") {
    for (const Key& key : config::keys()) {
      CAPTURE(key.path);
      CHECK_FALSE(key.meaning.empty());
      if (!key.parent().empty()) {
        const std::string_view parent = key.parent();
        const std::string_view name =
            parent.ends_with("[]") ? parent.substr(0, parent.size() - 2) : parent;
        CHECK(std::ranges::find(config::keys(), name, &Key::path) != config::keys().end());
      }
      if (key.kind == Kind::choice && key.preset != "required") {
        const auto choices = config::words_of(key.choices);
        CHECK(std::ranges::find(choices, key.preset) != choices.end());
      }
      if (key.kind == Kind::size && key.preset != "none")
        CHECK(config::parse_size(key.preset).has_value());
      if (key.kind == Kind::duration) CHECK(config::parse_duration(key.preset).has_value());
    }
  }
}
