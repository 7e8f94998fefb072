#include "relay/config/tree.hpp"

#include <doctest/doctest.h>

using config::read_tree;
using config::Shape;

TEST_SUITE("relay/config/tree") {
  TEST_CASE("a node knows its line and column") {
    const auto tree = read_tree("a: 1\nb:\n  - x\n  - {c: d}\n");
    REQUIRE(tree.root);
    CHECK(tree.mistakes.empty());
    const config::Node* list = tree.root->find("b");
    REQUIRE(list != nullptr);
    REQUIRE(list->items.size() == 2);
    CHECK(list->items[0].place.line == 3);
    CHECK(list->items[0].place.column == 5);
    const config::Node* nested = list->items[1].find("c");
    REQUIRE(nested != nullptr);
    CHECK(nested->place.line == 4);
    CHECK(nested->scalar == "d");
  }

  TEST_CASE("a value left out stands at its key") {
    const auto tree = read_tree("a: 1\nnothing:\n");
    REQUIRE(tree.root);
    const config::Node* node = tree.root->find("nothing");
    REQUIRE(node != nullptr);
    CHECK(node->shape == Shape::null);
    CHECK(node->place.line == 2);
  }

  TEST_CASE("a quoted number with a leading zero is a text, a plain one a mistake") {
    struct Row {
      std::string text;
      std::size_t mistakes;
    };
    static const Row rows[] = {{"a: '010'\n", 0},
                               {"a: \"010\"\n", 0},
                               {"a: 010\n", 1},
                               {"a: -07\n", 1},
                               {"a: 0o7\n", 1},
                               {"a: [1, 08]\n", 1},
                               {"a: 0\n", 0},
                               {"a: 0.5\n", 0},
                               {"a: 10\n", 0},
                               {"a: 127.0.0.1:25\n", 0},
                               {"010: a\n", 0}};
    for (const Row& row : rows) {
      CAPTURE(row.text);
      CHECK(read_tree(row.text).mistakes.size() == row.mistakes);
    }
  }

  TEST_CASE("aliases never multiply: a billion laughs is a list of mistakes") {
    std::string bomb = "a0: &a0 lol\n";
    for (int level = 1; level < 10; ++level) {
      const std::string before = "*a" + std::to_string(level - 1);
      bomb += "a" + std::to_string(level) + ": &a" + std::to_string(level) + " [" + before;
      for (int i = 0; i < 9; ++i) bomb += ", " + before;
      bomb += "]\n";
    }
    const auto tree = read_tree(bomb);
    CHECK(tree.mistakes.size() == 10 + 9 * 10);
  }

  TEST_CASE("the deepest nesting is read and one more is refused") {
    const auto nested = [](std::size_t depth) {
      return "a: " + std::string(depth - 1, '[') + "1" + std::string(depth - 1, ']') + "\n";
    };
    CHECK(read_tree(nested(config::max_depth)).mistakes.empty());
    CHECK(read_tree(nested(config::max_depth + 1)).mistakes.size() == 1);
    CHECK(read_tree("a: " + std::string(100000, '[')).mistakes.size() == 1);
    CHECK(read_tree(std::string(100000, '{')).mistakes.size() == 1);
  }
}
