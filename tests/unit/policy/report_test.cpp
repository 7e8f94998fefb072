#include "policy/report.hpp"

#include "mail/header_fields.hpp"
#include "policy/mime/transfer_decoding.hpp"
#include "policy/mime/tree.hpp"
#include "policy/urgency.hpp"
#include "tests/unit/policy/message_builder.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

using policy::ReportFacts;
using policy::ReportKind;
using support::message;

namespace {

const std::string original = message(
    "To: visitor@example.net\nSubject: =?utf-8?Q?Passwort_zur=C3=BCcksetzen?=\n"
    "Message-ID: <1@example.com>\nX-Postern-Priority: urgent\nBcc: hidden@example.net",
    "https://www.example.com/user/reset/1/2/secret\n");

ReportFacts facts(ReportKind kind = ReportKind::failed) {
  return {.kind = kind,
          .from = "postern@example.com",
          .to = "web@example.com",
          .message_id = "<r1@relay.example.com>",
          .date = "Sun, 22 Nov 2026 10:00:05 +0000",
          .boundary = "8f14e45fceea167a5a36dedd4bea2543",
          .reporting_mta = "relay.example.com",
          .app = "shop",
          .queue_id = "01TESTQUEUEID",
          .accepted = "Sun, 22 Nov 2026 10:00:00 +0000",
          .recipients = {"visitor@example.net"},
          .reason = std::nullopt,
          .last_reply = "550 5.1.1 <visitor@example.net>: user unknown",
          .original = original};
}

ReportFacts warning(std::uint64_t held_alike) {
  ReportFacts given = facts(ReportKind::still_held);
  given.reason = policy::Reason::domain;
  given.last_reply = "554 Message rejected: Email address is not verified.";
  given.held_since = "Sun, 22 Nov 2026 10:00:01 +0000";
  given.deadline = "Sun, 06 Dec 2026 10:00:01 +0000";
  given.held_alike = held_alike;
  return given;
}

/// The decoded content of the report's part of that number: 0 for people, 1 the status, 2 the
/// header.
std::string part_of(const std::string& octets, std::size_t number) {
  const mail::HeaderSection header = mail::read_header_section(octets);
  const auto tree =
      policy::mime::read_tree(header, std::string_view(octets).substr(header.body_offset));
  REQUIRE_FALSE(tree.fault);
  REQUIRE(tree.nodes.size() == 4);
  const policy::mime::Node& node = tree.nodes[number + 1];
  return policy::mime::decode(node.header->encodings.front(), node.body);
}

/// The text for people with its line ends as spaces, for looking for sentences.
std::string prose_of(const ReportFacts& given) {
  std::string text = part_of(policy::report(given), 0);
  std::string out;
  for (const char c : text)
    if (c != '\r') out += c == '\n' ? ' ' : c;
  return out;
}

bool has(const std::string& text, std::string_view wanted) {
  return text.find(wanted) != std::string::npos;
}

policy::AppFacts operators_site() {
  policy::AppFacts app = support::site();
  app.rules.attachments = {};
  return app;
}

void check_form(const std::string& octets) {
  const auto verdict = policy::judge_message(operators_site(), policy::summarise(octets, {}));
  CAPTURE(octets);
  CAPTURE(verdict.value_or(policy::Refusal{}).sentence);
  CHECK_FALSE(verdict.has_value());
  CHECK(std::all_of(octets.begin(), octets.end(), [](char c) {
    return (c >= ' ' && c <= '~') || c == '\r' || c == '\n' || c == '\t';
  }));
}

}  // namespace

TEST_CASE("each kind of report reads as its golden file") {
  struct Row {
    const char* name;
    ReportFacts given;
  };
  Row rows[] = {{"report_failed.eml", facts()},
                {"report_expired.eml", facts(ReportKind::expired)},
                {"report_hold_expired.eml", facts(ReportKind::hold_expired)},
                {"report_still_held.eml", warning(42)}};
  rows[1].given.last_reply =
      "no connection to email-smtp.eu-central-1.amazonaws.com:465 within 20s";
  rows[1].given.recipients.emplace_back("second@example.net");
  rows[2].given.reason = policy::Reason::account_paused;
  rows[2].given.last_reply = "554 Transaction failed: Sending paused for this account.";
  for (const Row& row : rows) {
    CAPTURE(row.name);
    const std::string octets = policy::report(row.given);
    std::ifstream file(std::string(POSTERN_GOLDEN "/") + row.name, std::ios::binary);
    const std::string golden(std::istreambuf_iterator<char>(file), {});
    if (golden != octets) {
      const auto left = std::filesystem::temp_directory_path() / row.name;
      std::ofstream(left, std::ios::binary) << octets;
      MESSAGE("copy what was expected from " << left.string());
    }
    CHECK(golden == octets);
    check_form(octets);
  }
}

TEST_CASE("a report says why and what to do, from the reason or from the reply") {
  ReportFacts given = facts();
  CHECK(has(prose_of(given), "Correct the recipient's address"));
  CHECK(has(prose_of(given), "550 5.1.1 <visitor@example.net>: user unknown"));
  CHECK(has(prose_of(given), "postern trace 01TESTQUEUEID"));
  CHECK(has(prose_of(given),
            "Passwort zur\xC3\xBC"
            "cksetzen"));
  given.last_reply = "554 Message rejected: no";
  CHECK(has(prose_of(given), "ask the operator of the relay"));
  for (const policy::ReasonRow& row : policy::reasons()) {
    CAPTURE(row.word);
    given = facts(ReportKind::hold_expired);
    given.reason = row.reason;
    const std::string text = prose_of(given);
    CHECK(has(text, row.meaning));
    CHECK(has(text, row.mend));
  }
}

TEST_CASE("the status of a failure is the reply's own, else 5.0.0, and of an expiry 4.4.7") {
  struct Row {
    ReportKind kind;
    const char* reply;
    const char* status;
    const char* diagnostic;
  };
  using enum ReportKind;
  for (const Row& row :
       {Row{failed, "550 5.1.1 unknown", "5.1.1", "smtp; 550 5.1.1 unknown"},
        Row{failed, "554 5.7.100 no", "5.7.100", "smtp; 554 5.7.100 no"},
        Row{failed, "550-5.1.1 unknown", "5.1.1", "smtp; 550-5.1.1 unknown"},
        Row{failed, "554 Message rejected", "5.0.0", "smtp; 554 Message rejected"},
        Row{failed, "550 4.1.1 odd", "5.0.0", "smtp; 550 4.1.1 odd"},
        Row{failed, "550 5.1 short", "5.0.0", "smtp; 550 5.1 short"},
        Row{failed, "550 5.1.1.1 long", "5.0.0", "smtp; 550 5.1.1.1 long"},
        Row{failed, "550 5.1000.1 wide", "5.0.0", "smtp; 550 5.1000.1 wide"},
        Row{failed, "550 5..1 gap", "5.0.0", "smtp; 550 5..1 gap"},
        Row{failed, "550", "5.0.0", "x-postern; 550"},
        Row{failed, "connection reset", "5.0.0", "x-postern; connection reset"},
        Row{expired, "451 4.0.0 later", "4.4.7", "smtp; 451 4.0.0 later"},
        Row{hold_expired, "554 5.7.1 paused", "4.4.7", "smtp; 554 5.7.1 paused"}}) {
    CAPTURE(row.reply);
    ReportFacts given = facts(row.kind);
    given.last_reply = row.reply;
    const std::string status = part_of(policy::report(given), 1);
    CHECK(has(status, std::string("\r\nStatus: ") + row.status + "\r\n"));
    CHECK(has(status, std::string("\r\nDiagnostic-Code: ") + row.diagnostic + "\r\n"));
  }
  ReportFacts silent = facts();
  silent.last_reply.clear();
  CHECK_FALSE(has(part_of(policy::report(silent), 1), "Diagnostic-Code"));
  CHECK(has(prose_of(silent), "No mail server answered."));
}

TEST_CASE("a warning says since when, until when and how many are held, and that it is not over") {
  const std::string alone = prose_of(warning(1));
  CHECK(has(alone, "is held back. If nothing changes it will be given up."));
  CHECK(has(alone, "Held:      since Sun, 22 Nov 2026 10:00:01 +0000"));
  CHECK(has(alone, "Given up:  Sun, 06 Dec 2026 10:00:01 +0000"));
  CHECK_FALSE(has(alone, "for the same reason"));
  CHECK_FALSE(has(alone, "was not delivered"));
  CHECK(has(prose_of(warning(2)), "2 mails of the site are held back for the same reason"));
  const std::string status = part_of(policy::report(warning(2)), 1);
  CHECK(has(status, "\r\nAction: delayed\r\nStatus: 4.0.0\r\n"));
  CHECK(has(status, "\r\nWill-Retry-Until: Sun, 06 Dec 2026 10:00:01 +0000\r\n"));
  for (const policy::ReasonRow& row : policy::reasons()) {
    CAPTURE(row.word);
    ReportFacts given = warning(1);
    given.reason = row.reason;
    const std::string text = prose_of(given);
    CHECK(has(text, row.meaning));
    CHECK(has(text, row.mend));
    CHECK_FALSE(has(text, "does not try again"));
  }
}

TEST_CASE("each recipient has its own block") {
  ReportFacts given = facts();
  for (int i = 0; i < 49; ++i) given.recipients.push_back("r" + std::to_string(i) + "@example.net");
  const std::string octets = policy::report(given);
  const std::string status = part_of(octets, 1);
  std::size_t blocks = 0;
  for (std::size_t at = status.find("\r\n\r\nFinal-Recipient: rfc822; "); at != std::string::npos;
       at = status.find("\r\n\r\nFinal-Recipient: rfc822; ", at + 1))
    ++blocks;
  CHECK(blocks == 50);
  check_form(octets);
}

TEST_CASE("nothing of the original's body, of its Bcc or of our own fields is in a report") {
  const std::string octets = policy::report(facts());
  CHECK_FALSE(has(octets, "user/reset"));
  CHECK_FALSE(has(octets, "secret"));
  CHECK_FALSE(has(octets, "X-Postern-Priority"));
  CHECK_FALSE(has(octets, "hidden@example.net"));
  const std::string header = part_of(octets, 2);
  CHECK(has(header, "Message-ID: <1@example.com>\r\n"));
  CHECK(has(header, "Subject: =?utf-8?Q?Passwort_zur=C3=BCcksetzen?=\r\n"));
  CHECK_FALSE(policy::summarise(octets, {}).urgent_link);
}

TEST_CASE("the header section is cut at whole fields below its bound") {
  std::string fields = "Subject: x";
  const std::string line = "\nX-Filler: " + std::string(87, 'x');  // 100 octets with CRLF
  for (int i = 0; i < 200; ++i) fields += line;
  const std::string large = message(fields, "x");
  ReportFacts given = facts();
  given.original = large;
  const std::string header = part_of(policy::report(given), 2);
  CHECK(header.size() <= policy::max_reported_header_octets);
  CHECK(header.size() + 100 > policy::max_reported_header_octets);
  CHECK(std::string_view(header).substr(header.size() - 89) == std::string(87, 'x') + "\r\n");
}

TEST_CASE("foreign text cannot leave its place") {
  const std::string nasty =
      "550 5.7.1 a\r\nb\nc\rd\te\x01\x7f\xff --8f14e45fceea167a5a36dedd4bea2543--\r\n\r\nFrom: x";
  const std::string subject = "Subject: =?utf-8?B?" +
                              support::base64(
                                  "a\r\nb\xE2\x80\xAE"
                                  "c\xC2\x85"
                                  "d\xE2\x81\xA6"
                                  "e\xEF\xBB\xBF"
                                  "f" +
                                  std::string(1, '\0') + "\xE2\x82\xAC") +
                              "?=";
  const std::string odd = "From: a@example.com\r\n--8f14e45fceea167a5a36dedd4bea2543: x\r\n" +
                          subject +
                          "\r\nX-Odd: a\x01\x80\r\n \t\r\n \xC3\xBC"
                          "b\rc\r\n\r\n--not the body";
  ReportFacts given = facts();
  given.last_reply = nasty;
  given.original = odd;
  given.app = "shop\r\nBcc: x@example.net";
  given.recipients = {"a@b\r\nAction: delivered"};
  const std::string octets = policy::report(given);
  check_form(octets);
  CHECK(has(part_of(octets, 2), "X-Odd: a??\r\n ??b?c\r\n"));
  const std::string people = part_of(octets, 0);
  CHECK(has(people, "a b c d e f"));
  CHECK(has(people, "\xE2\x82\xAC"));
  CHECK_FALSE(has(people, "\xE2\x80\xAE"));
  CHECK_FALSE(has(part_of(octets, 1), "\r\nAction: delivered"));
  CHECK_FALSE(has(octets, "\r\nBcc:"));
}

TEST_CASE(
    "lines stay under 78 octets where there is a space to break at, and under 998 everywhere") {
  ReportFacts given = facts();
  given.last_reply = "550 5.7.1";
  for (int i = 0; i < 100; ++i) given.last_reply += " word" + std::to_string(i);
  given.accepted = std::string(40, 'd');
  std::string octets = policy::report(given);
  std::size_t at = 0;
  for (std::size_t end = octets.find("\r\n"); end != std::string::npos;
       at = end + 2, end = octets.find("\r\n", at)) {
    CAPTURE(octets.substr(at, end - at));
    CHECK(end - at <= 78);
  }
  given.last_reply = std::string(5000, 'x');
  given.recipients = {std::string(300, 'a') + "@example.net"};
  given.from = std::string(240, 'f') + "@example.com";
  octets = policy::report(given);
  check_form(octets);
  CHECK(octets.size() < 10000);
}

TEST_CASE("no report is made about a report, or without an address at either end") {
  CHECK(policy::may_report(false, "postern@example.com", "web@example.com"));
  CHECK_FALSE(policy::may_report(true, "postern@example.com", "web@example.com"));
  CHECK_FALSE(policy::may_report(false, "", "web@example.com"));
  CHECK_FALSE(policy::may_report(false, "postern@example.com", ""));
}
