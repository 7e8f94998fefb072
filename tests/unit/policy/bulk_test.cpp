#include "tests/unit/policy/message_builder.hpp"

#include <doctest/doctest.h>

#include <string>

using support::message;
using support::verdict_on;

TEST_CASE("the header fields of newsletters, lists and campaigns mark bulk, and no others do") {
  struct Row {
    const char* field;
    const char* verdict;
  };
  for (const Row& row : {Row{"Precedence: bulk", "bulk"},
                         Row{"precedence:LIST", "bulk"},
                         Row{"PRECEDENCE : Junk", "bulk"},
                         Row{"Precedence: (c) bulk (d(e))", "bulk"},
                         Row{"Precedence:\n bulk", "bulk"},
                         Row{"Precedence: \"bulk\"", "bulk"},
                         Row{"Precedence: =?utf-8?q?bulk?=", "bulk"},
                         Row{"Precedence: bulk; x", "bulk"},
                         Row{"List-Id: <news.example.com>", "bulk"},
                         Row{"List-Post: <mailto:news@example.com>", "bulk"},
                         Row{"Feedback-ID: 1:campaign", "bulk"},
                         Row{"X-Campaign: spring", "bulk"},
                         Row{"X-CampaignID: 7", "bulk"},
                         Row{"x-mc-user: 7", "bulk"},
                         Row{"Precedence: first-class", "accept"},
                         Row{"Precedence: (bulk) normal", "accept"},
                         Row{"Precedence: bulky", "accept"},
                         Row{"Precedence:", "accept"},
                         Row{"List-Id:", "accept"},
                         Row{"X-Precedence: bulk", "accept"},
                         Row{"List-Unsubscribe: <https://example.com/u>", "accept"},
                         Row{"List-Help: <https://example.com/h>", "accept"},
                         Row{"Auto-Submitted: auto-generated", "accept"},
                         Row{"X-Mailer: Campaign", "accept"}}) {
    CAPTURE(row.field);
    CHECK(verdict_on(message(row.field, "x")) == row.verdict);
  }
}

TEST_CASE("bulk is accepted where the rule is off") {
  policy::AppFacts app = support::site();
  app.rules.bulk.refuse = false;
  CHECK(verdict_on(message("Precedence: bulk", "x"), app) == "accept");
}
