#include "relay/feedback/suppression_list.hpp"

#include "policy/suppression.hpp"

#include <doctest/doctest.h>

#include <chrono>

using feedback::SuppressionList;
using feedback::SuppressionScope;
using namespace std::chrono_literals;

namespace {

const spool::WallTime noon{std::chrono::seconds(1'800'000'000)};

spool::Suppressed bounced(const char* app, const char* address) {
  return {app, address, policy::after_bounce({}, policy::BounceClass::mailbox, noon)};
}

}  // namespace

TEST_SUITE("relay/feedback/suppression_list") {
  TEST_CASE("an address counts for its app alone, whatever its case, and for its time") {
    SuppressionList list(SuppressionScope::app);
    CHECK_FALSE(list.any("shop"));
    list.take(bounced("shop", "a@example.org"));
    CHECK(list.any("shop"));
    CHECK_FALSE(list.any("blog"));
    CHECK(list.has("shop", "A@Example.org", noon + 1h));
    CHECK_FALSE(list.has("shop", "b@example.org", noon + 1h));
    CHECK_FALSE(list.has("blog", "a@example.org", noon + 1h));
    CHECK_FALSE(list.has("shop", "a@example.org", noon + 24h * 91));
  }

  TEST_CASE("where the scope is all, what one app learnt keeps all from mailing") {
    SuppressionList list(SuppressionScope::app);
    list.take(bounced("shop", "a@example.org"));
    list.scope(SuppressionScope::all);
    CHECK(list.any("blog"));
    CHECK(list.has("blog", "a@example.org", noon + 1h));
  }

  TEST_CASE("what is removed or over is forgotten") {
    SuppressionList list(SuppressionScope::app);
    list.take(bounced("shop", "a@example.org"));
    list.take(bounced("shop", "b@example.org"));
    CHECK(list.prune(noon + 1h) == 2);
    list.take({"shop", "a@example.org", policy::after_removal(noon + 1h)});
    CHECK(list.prune(noon + 2h) == 1);
    CHECK(list.prune(noon + 24h * 91) == 0);
    CHECK_FALSE(list.any("shop"));
  }
}
