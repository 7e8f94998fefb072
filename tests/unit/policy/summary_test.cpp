#include "tests/unit/policy/message_builder.hpp"

#include <doctest/doctest.h>

#include <string>
#include <thread>
#include <vector>

using support::message;

TEST_CASE("a summary has the originators, the Message-ID, the decoded subject and the size") {
  const std::string octets = message(
      "From: =?utf-8?Q?J=C3=BCrgen?= <a@EXAMPLE.com>, b@example.com\nSender: "
      "c@example.com\nMessage-ID: <1@example.com>\n"
      "Subject: =?utf-8?Q?M=C3=BCll?=\n =?utf-8?B?w5ZmZm51bmc=?= heute",
      "x");
  const policy::Summary summary = policy::summarise(octets, {});
  REQUIRE(summary.from.size() == 2);
  CHECK(summary.from[0].text() == "a@example.com");
  CHECK(summary.from[1].text() == "b@example.com");
  REQUIRE(summary.sender.size() == 1);
  CHECK(summary.message_id == "<1@example.com>");
  CHECK(summary.subject ==
        "M\xC3\xBCll\xC3\x96"
        "ffnung heute");
  CHECK(summary.size == octets.size());
  CHECK(!summary.originator_fault);
  CHECK(summary.findings.empty());
}

TEST_CASE("a subject is at most 200 octets of whole UTF-8 characters") {
  std::string umlauts;
  for (int i = 0; i < 150; ++i) umlauts += "\xC3\xBC";
  CHECK(policy::summarise(message("Subject: x" + umlauts, "x"), {}).subject ==
        "x" + umlauts.substr(0, 198));
}

TEST_CASE("each reason is found once, the first of its kind") {
  const policy::Summary summary = policy::summarise(
      message(
          "Subject: a\nSubject: b\nPrecedence: bulk\nList-Id: x\nContent-Disposition: attachment",
          "x"),
      {});
  REQUIRE(summary.findings.size() == 3);
  for (const policy::Finding& finding : summary.findings) CHECK(!finding.framing);
}

TEST_CASE("every end of line becomes CRLF where the rule says so") {
  CHECK(policy::normalise_line_ends("a\nb\rc\r\nd") == "a\r\nb\r\nc\r\nd");
  CHECK(policy::normalise_line_ends("\n\n\r\r\r\n") == "\r\n\r\n\r\n\r\n\r\n");
  CHECK(policy::normalise_line_ends("").empty());
  const std::string smuggled =
      policy::normalise_line_ends("From: noreply@example.com\n\nx\n.\nMAIL FROM:<a@b>\n");
  CHECK(support::verdict_on(smuggled) == "accept");
}

TEST_CASE("reading is safe from several threads at once, the first use too") {
  const std::string octets =
      message("Subject: =?iso-8859-1?Q?M=FCll?=\nContent-Transfer-Encoding: base64", "aGVsbG8=");
  std::vector<std::string> subjects(4);
  {
    std::vector<std::jthread> threads;
    for (std::string& subject : subjects) {
      threads.emplace_back(
          [&octets, &subject] { subject = policy::summarise(octets, {}).subject; });
    }
  }
  for (const std::string& subject : subjects) CHECK(subject == "M\xC3\xBCll");
}
