#include "policy/reason.hpp"
#include "relay/proto/settlement.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace smtp {
namespace {

const policy::Envelope shop{"shop@example.com", {"a@example.net"}};

/// A row of the table in docs/ses-replies.md.
struct Row {
  int code = 0;
  std::string text;
  std::string phase, meaning, fate;
};

std::string bare(std::string_view cell) {
  const std::size_t first = cell.find_first_not_of(" `");
  if (first == std::string_view::npos) return {};
  return std::string(cell.substr(first, cell.find_last_not_of(" `") - first + 1));
}

std::vector<std::string> cells(std::string_view line) {
  std::vector<std::string> found;
  for (line.remove_prefix(1); !line.empty();) {
    const std::size_t bar = line.find('|');
    if (bar == std::string_view::npos) break;
    found.push_back(bare(line.substr(0, bar)));
    line.remove_prefix(bar + 1);
  }
  return found;
}

std::vector<Row> page_rows() {
  std::ifstream page(POSTERN_SES_REPLIES_PAGE);
  std::vector<Row> rows;
  for (std::string line; std::getline(page, line);) {
    if (!line.starts_with("| `")) continue;
    const std::vector<std::string> cell = cells(line);
    REQUIRE(cell.size() == 5);
    Row row{.phase = cell[1], .meaning = cell[2], .fate = cell[3]};
    const bool answered = cell[0].find_first_not_of("0123456789") == 3;
    row.code = answered ? std::stoi(cell[0].substr(0, 3)) : 0;
    row.text = answered ? cell[0].substr(4) : cell[0];
    rows.push_back(row);
  }
  return rows;
}

Phase phase_named(std::string_view name) {
  for (int at = 0; at <= static_cast<int>(Phase::quit); ++at) {
    if (word(static_cast<Phase>(at)) == name) return static_cast<Phase>(at);
  }
  FAIL("no such phase: " << name);
  return Phase::connect;
}

/// What the page says of a settlement.
std::string phrase(ReplyClass c) {
  const Settlement settled = settle({}, {.result = c, .feed_proven = true});
  switch (settled.fate) {
    case Fate::sent:
      return "sent";
    case Fate::fail:
      return "fails the message";
    case Fate::retry:
      return settled.attempts == 0 ? "tries again, no attempt spent"
                                   : "tries again, later each time";
    case Fate::doubt:
      return "waits for SES's event";
    case Fate::hold:
      break;
  }
  const std::string_view scope = settled.account_wide  ? "all mail of the account"
                                 : settled.domain_wide ? "the domain's mail"
                                                       : "the message";
  return "holds " + std::string(scope) + ": " + std::string(policy::word(*settled.reason));
}

ReplyClass classified(const Row& row) {
  const Phase phase = phase_named(row.phase);
  if (row.code != 0) return classify(phase, UpstreamReply{row.code, row.text}, false, shop);
  return classify(phase, std::nullopt, phase == Phase::end_of_data, shop);
}

}  // namespace

TEST_SUITE("docs/ses-replies.md") {
  TEST_CASE("each reply of the page is classified and settled as the page says") {
    const std::vector<Row> rows = page_rows();
    CHECK(rows.size() >= 38);
    for (const Row& row : rows) {
      CAPTURE(row.text);
      const ReplyClass c = classified(row);
      CHECK(word(c) == row.meaning);
      CHECK(phrase(c) == row.fate);
    }
  }

  TEST_CASE("each class of replies has a row on the page") {
    std::set<std::string> named;
    for (const Row& row : page_rows()) named.insert(row.meaning);
    for (int c = 0; c <= static_cast<int>(ReplyClass::ambiguous); ++c) {
      CAPTURE(word(static_cast<ReplyClass>(c)));
      CHECK(named.contains(std::string(word(static_cast<ReplyClass>(c)))));
    }
  }
}

}  // namespace smtp
