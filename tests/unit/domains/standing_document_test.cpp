#include "relay/domains/documents.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <string_view>

using domains::Standing;
using policy::StandingState;

namespace {

const policy::WallTime start{std::chrono::milliseconds(1'767'225'600'123)};

Standing standing(StandingState state) {
  return {{.state = state,
           .since = start,
           .counted_from = start - std::chrono::hours(1),
           .offences = 3,
           .by_hand = std::nullopt},
          "12 of 300 recipients bounced"};
}

Standing reread(const Standing& written) {
  const auto read = domains::read_standing(to_json(written));
  REQUIRE(read.has_value());
  return *read;
}

bool has(const Standing& written, std::string_view words) {
  return to_json(written).find(words) != std::string::npos;
}

}  // namespace

TEST_SUITE_BEGIN("relay/domains/standing document");

TEST_CASE("every standing is read as it was written, with what the operator decided") {
  for (const StandingState state : policy::standing_states) {
    CAPTURE(policy::word(state));
    Standing written = standing(state);
    CHECK(reread(written) == written);
    written.record.by_hand = {.state = StandingState::restricted,
                              .since = start,
                              .until = start + std::chrono::hours(5),
                              .reason = "a list was bought"};
    CHECK(reread(written) == written);
    CHECK(reread(written).why() == "a list was bought");
    written.record.by_hand->until.reset();
    CHECK(reread(written) == written);
  }
}

TEST_CASE("what the version before wrote is a block by hand, or none") {
  const auto blocked = domains::read_standing(R"({"blocked":true,"why":"spam"})");
  REQUIRE(blocked.has_value());
  CHECK(blocked->blocked());
  CHECK(blocked->why() == "spam");
  REQUIRE(blocked->record.by_hand);
  CHECK_FALSE(blocked->record.by_hand->until);
  const auto open = domains::read_standing(R"({"blocked":false,"why":""})");
  REQUIRE(open.has_value());
  CHECK(*open == Standing{});
}

TEST_CASE("the version before finds a blocked app blocked, with the reason, and others open") {
  CHECK(has(standing(StandingState::blocked),
            R"("blocked":true,"why":"12 of 300 recipients bounced")"));
  CHECK(has(standing(StandingState::restricted), R"("blocked":false,"why":"")"));
  CHECK(has(standing(StandingState::normal), R"("blocked":false,"why":"")"));
}

TEST_SUITE_END();
