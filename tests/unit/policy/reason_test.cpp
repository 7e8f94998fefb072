#include "policy/event.hpp"
#include "policy/reason.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>

TEST_CASE("every reason has one word, one row and one meaning") {
  std::set<std::string_view> words;
  for (const policy::ReasonRow& row : policy::reasons()) {
    CAPTURE(row.word);
    CHECK(words.insert(row.word).second);
    CHECK(&policy::row(row.reason) == &row);
    CHECK(policy::reason_of(row.word) == row.reason);
    CHECK((row.status.has_value() || row.holds));
    CHECK(row.status.has_value() == !row.stage.empty());
    CHECK(row.meaning.ends_with('.'));
    CHECK(row.mend.ends_with('.'));
    CHECK(row.word.find_first_not_of("abcdefghijklmnopqrstuvwxyz-") == std::string_view::npos);
  }
  CHECK(words.size() == static_cast<std::size_t>(policy::Reason::by_hand) + 1);
  CHECK(!policy::reason_of("no-such-reason"));
}

TEST_CASE("the reply codes are those of the interface") {
  struct Row {
    policy::Reason reason;
    int code, subject, detail;
  };
  using enum policy::Reason;
  for (const Row& row : {Row{auth_failed, 535, 7, 8},
                         Row{encryption_required, 530, 7, 0},
                         Row{auth_required, 530, 7, 0},
                         Row{blocked, 550, 7, 1},
                         Row{quota, 550, 7, 1},
                         Row{sender_domain, 550, 7, 1},
                         Row{storage, 451, 3, 0},
                         Row{recipient, 553, 1, 3},
                         Row{bulk, 550, 7, 1},
                         Row{suppressed, 550, 1, 1},
                         Row{sandbox, 550, 7, 1},
                         Row{from_domain, 550, 7, 1},
                         Row{attachment, 550, 6, 1},
                         Row{malformed, 550, 6, 0},
                         Row{loop, 550, 4, 6},
                         Row{dmarc, 550, 7, 1},
                         Row{too_big, 552, 3, 4},
                         Row{shutdown, 421, 3, 2}}) {
    const auto status = policy::row(row.reason).status;
    REQUIRE(status);
    CHECK(status->code == row.code);
    CHECK(status->subject == row.subject);
    CHECK(status->detail == row.detail);
  }
}

TEST_CASE("every kind of event has a word that leads back to it") {
  for (int i = 0; i <= static_cast<int>(policy::EventKind::quarantined); ++i) {
    const auto kind = static_cast<policy::EventKind>(i);
    CHECK(policy::event_kind_of(policy::word(kind)) == kind);
  }
  CHECK(!policy::event_kind_of("nothing"));
}
