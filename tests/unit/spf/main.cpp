// This program is its own SPF child, as the relay is: the good one, and a choice of bad ones.
#define DOCTEST_CONFIG_IMPLEMENT
#include "relay/domains/spf/child_main.hpp"
#include "tests/unit/spf/hostile_child.hpp"

#include <doctest/doctest.h>

#include <string_view>

int main(int argc, char** argv) {
  const std::string_view word = argc > 1 ? argv[1] : "";
  if (word == "spf-child") return domains::spf_child_main();
  if (word == "hostile-child" && argc > 2) return spf_tests::hostile_child_main(argv[2]);
  return doctest::Context(argc, argv).run();
}
