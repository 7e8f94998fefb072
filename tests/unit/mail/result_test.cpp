#include "mail/result.hpp"

#include <doctest/doctest.h>

#include <string>

namespace {

mail::Result<std::string> word_or_failure(bool good) {
  if (!good) return mail::failure("It is bad: make it good.");
  return std::string("good");
}

}  // namespace

TEST_CASE("a result is a value or the sentence that explains its absence") {
  CHECK(*word_or_failure(true) == "good");
  const auto failed = word_or_failure(false);
  REQUIRE(!failed);
  CHECK(failed.error().sentence() == "It is bad: make it good.");
  CHECK_THROWS_WITH(static_cast<void>(failed.value()), "It is bad: make it good.");
}
