#include "dkim/mend.hpp"

#include "mail/header_fields.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <utility>

namespace {

const dkim::MendFacts facts{"Sat, 21 Nov 2026 10:00:00 +0000", "relay.example.com", "Q1", {}};

constexpr std::string_view last_fields = "Date: d\r\nMessage-ID: <m@example.com>\r\n";

/// What is left of a header section that has Date and Message-ID at its end, without these two.
std::string mended_header(std::string_view header) {
  const auto mended =
      dkim::mend(std::string(header) + std::string(last_fields) + "\r\nbody\r\n", facts);
  if (!mended) return "failed: " + mended.error().sentence();
  const auto end = mended->find(std::string(last_fields) + "\r\nbody\r\n");
  return end == std::string::npos ? "odd: " + *mended : mended->substr(0, end);
}

}  // namespace

TEST_SUITE_BEGIN("dkim/mend");

TEST_CASE("a message without fault leaves as it came, octet for octet") {
  const std::string message =
      "from:a@example.com\r\nTo: b@example.com,\r\n\tc@example.com\r\nX-Empty:\r\nReceived: "
      "x\r\nReceived: x\r\n"
      "Date: d\r\nMessage-ID: <m@example.com>\r\n\r\nbody ü\r\n.\r\n\r\n";
  CHECK(dkim::mend(message, facts).value() == message);
}

TEST_CASE("client-supplied control fields go in every spelling") {
  static const std::string_view rows[] = {"X-SES-Configuration-Set: evil\r\n",
                                          "x-ses-configuration-set: evil\r\n",
                                          "X-SES-TENANT : evil\r\n",
                                          "X-Ses-Source-Arn\t \t: evil\r\n",
                                          "X-SES-MESSAGE-TAGS:\r\n\tevil=1\r\n",
                                          "X-SES-:\r\n",
                                          "dkim-signature: v=1;\r\n b=x\r\n",
                                          "DKIM-SIGNATURE \t: v=1\r\n",
                                          "DomainKey-Signature: x\r\n",
                                          "Return-Path: <a@b>\r\n",
                                          "return-path :<a@b>\r\n",
                                          "Bcc: x@example.com,\r\n y@example.com\r\n",
                                          "BCC:\r\n",
                                          "Resent-Bcc: x@example.com\r\n",
                                          "Bounces-To: x@example.com\r\n",
                                          "Errors-to: x@example.com\r\n",
                                          "Feedback-ID: a:b:c:d\r\n",
                                          "X-Postern-Anything: x\r\n",
                                          "X-SES-A: 1\r\nX-SES-B: 2\r\nX-SES-A: 3\r\n"};
  for (const std::string_view row : rows) {
    CAPTURE(row);
    CHECK(mended_header("From: a@example.com\r\n" + std::string(row) + "Subject: s\r\n") ==
          "From: a@example.com\r\nSubject: s\r\n");
    CHECK(mended_header(std::string(row) + "From: a@example.com\r\n") == "From: a@example.com\r\n");
  }
}

TEST_CASE("a control field that only some readers would see makes the message unfit to be sent") {
  static const std::string_view rows[] = {"X-SES-TENANT\r\n : evil\r\n",
                                          " X-SES-TENANT: evil\r\n",
                                          "X-A: b\rX-SES-TENANT: evil\r\n",
                                          "X-A: b\nX-SES-TENANT: evil\r\n",
                                          "X-SES-TENANT\v: evil\r\n",
                                          "X-SES-TENANT\xC2\xA0: evil\r\n",
                                          std::string_view("X-A: b\0c\r\n", 10),
                                          "no colon at all\r\n",
                                          ": no name\r\n",
                                          "X-A: b\r\n\nX-SES-TENANT: evil\r\n"};
  for (const std::string_view row : rows) {
    CAPTURE(row);
    CHECK(mended_header(row).starts_with("failed: The header section "));
  }
}

TEST_CASE("of a field that SES takes once only the first stays") {
  CHECK(mended_header("From: a@example.com\r\nfrom: a@example.com\r\n") ==
        "From: a@example.com\r\n");
  CHECK(mended_header("Subject: a\r\nX: 1\r\nSUBJECT : b\r\nX: 1\r\n") ==
        "Subject: a\r\nX: 1\r\nX: 1\r\n");
  CHECK(mended_header("Content-Transfer-Encoding: 8bit\r\nMIME-Version: "
                      "1.0\r\nContent-Transfer-Encoding: 7bit\r\n"
                      "Mime-Version: 1.0\r\n") ==
        "Content-Transfer-Encoding: 8bit\r\nMIME-Version: 1.0\r\n");
}

TEST_CASE("To and Cc are merged only where they say the same") {
  CHECK(mended_header("To: a@example.com\r\nTo:\r\n a@example.com\r\n") == "To: a@example.com\r\n");
  CHECK(mended_header("To: a@example.com\r\nto: b@example.com\r\n") ==
        "To: a@example.com\r\nto: b@example.com\r\n");
  CHECK(mended_header("Cc: a@example.com\r\nCc: a@example.com \r\n") == "Cc: a@example.com\r\n");
}

TEST_CASE("To and Cc that differ only before they are mended are merged too") {
  static const std::pair<std::string_view, std::string_view> rows[] = {
      {"To: a@example.com,  b@example.com\r\nTo: a@example.com,\f b@example.com\r\n",
       "To: a@example.com,  b@example.com\r\n"},
      {"Cc: a@example.com\v\r\nCc: a@example.com\r\n", "Cc: a@example.com\r\n"},
      {"To: =?utf-8?B?w7w=?= <a@example.com>\r\nTo: ü <a@example.com>\r\n",
       "To: =?utf-8?B?w7w=?= <a@example.com>\r\n"},
      {"To: ü <a@example.com>\r\nto : \"ü\" <a@example.com>\r\n",
       "To: =?utf-8?B?w7w=?= <a@example.com>\r\n"}};
  for (const auto& [header, merged] : rows) {
    CAPTURE(header);
    CHECK(mended_header(header) == merged);
  }
}

TEST_CASE("of Content-Type fields of one media type the first with a known charset stays") {
  struct Row {
    std::string_view first;
    std::string_view second;
    bool first_stays;
  };
  static const Row rows[] = {
      {"text/plain; charset=UTF-8", "text/plain; charset=\"text/plain\"", true},
      {"text/plain; charset=\"text/plain\"", "text/plain; charset=UTF-8", false},
      {"text/plain; charset=\"text/plain\"",
       "TEXT/Plain ; format=flowed; charset = \"ISO-8859-1\"",
       false},
      {"text/plain", "text/plain;\r\n charset=windows-1252", false},
      {"text/plain; charset=x", "text/plain; charset=y", true},
      {"text/plain; charset=x", "text/html; charset=utf-8", true},
      {"text/plain", "text/plain", true},
  };
  for (const Row& row : rows) {
    CAPTURE(row.first);
    CAPTURE(row.second);
    const std::string first = "Content-Type: " + std::string(row.first) + "\r\n";
    const std::string second = "content-type: " + std::string(row.second) + "\r\n";
    const std::string header = mended_header(first + second);
    CHECK(header == (row.first_stays ? first : second));
  }
}

TEST_CASE("Date and Message-ID are added where they are missing or empty") {
  const std::string date = "Date: Sat, 21 Nov 2026 10:00:00 +0000\r\n";
  const std::string message_id = "Message-ID: <Q1@relay.example.com>\r\n";
  CHECK(dkim::mend("From: a@example.com\r\n\r\nb", facts).value() ==
        "From: a@example.com\r\n" + date + message_id + "\r\nb");
  CHECK(dkim::mend("Date:\r\nMessage-Id: \t\r\nFrom: x\r\n\r\n", facts).value() ==
        "From: x\r\n" + date + message_id + "\r\n");
  CHECK(dkim::mend("Date:\r\nDate: d\r\nmessage-id: <m>\r\n\r\n", facts).value() ==
        "Date: d\r\nmessage-id: <m>\r\n\r\n");
  CHECK(dkim::mend("Date: \f\r\nMessage-ID:\v\r\n\r\n", facts).value() ==
        date + message_id + "\r\n");
}

TEST_CASE("what is dropped need not have a form that SES takes") {
  CHECK(mended_header("From: a@example.com\r\nFrom: ü@example.com\r\nBcc: ü@example.com\r\n") ==
        "From: a@example.com\r\n");
}

TEST_CASE("a header section that runs to the end of the message is closed with an empty line") {
  CHECK(dkim::mend("Date: d\r\nMessage-ID: <m>\r\nFrom: x", facts).value() ==
        "Date: d\r\nMessage-ID: <m>\r\nFrom: x\r\n\r\n");
}

TEST_CASE("the relay's own fields stand in front, and replace the client's of that name") {
  dkim::MendFacts tagged = facts;
  tagged.added = {{"X-SES-CONFIGURATION-SET", "drupal"}, {"X-SES-MESSAGE-TAGS", "app=shop"}};
  const std::string mended = dkim::mend(
                                 "From: a@example.com\r\nX-SES-Configuration-Set: evil\r\nDate: "
                                 "d\r\nMessage-ID: <m>\r\n\r\n",
                                 tagged)
                                 .value();
  CHECK(mended ==
        "X-SES-CONFIGURATION-SET: drupal\r\nX-SES-MESSAGE-TAGS: app=shop\r\nFrom: a@example.com\r\n"
        "Date: d\r\nMessage-ID: <m>\r\n\r\n");
  CHECK(dkim::mend(mended, tagged).value() == mended);
}

TEST_CASE("a fact that would break the header section is refused") {
  for (const std::string_view evil : {"a\r\nBcc: x", "ü", "a\tb"}) {
    CAPTURE(evil);
    dkim::MendFacts broken = facts;
    broken.added = {{"X-SES-MESSAGE-TAGS", std::string(evil)}};
    CHECK(dkim::mend("From: a@example.com\r\n\r\n", broken).has_error());
    broken = facts;
    broken.message_id_host = evil;
    CHECK(dkim::mend("From: a@example.com\r\n\r\n", broken).has_error());
  }
}

TEST_CASE(
    "8-bit fields leave encoded, in lines of at most 76 octets, and unfold to what they were") {
  std::string subject;
  for (int i = 0; i < 40; ++i) subject += "Grüße ";
  const std::string header =
      mended_header("Subject: " + subject + "\r\nFrom: Büro <a@example.com>\r\n");
  CHECK(header.ends_with("From: =?utf-8?B?QsO8cm8=?= <a@example.com>\r\n"));
  std::size_t start = 0;
  while (start < header.size()) {
    const std::size_t end = header.find("\r\n", start);
    CHECK(end - start <= 76);
    start = end + 2;
  }
  CHECK(mended_header(header) == header);
}

TEST_CASE(
    "white space before the colon and octets that only some verifiers fold as white space are put "
    "right") {
  CHECK(mended_header("Subject \t: a\r\n b\r\n") == "Subject: a\r\n b\r\n");
  CHECK(mended_header("Subject: a\vb\fc\v\r\n") == "Subject: a b c\r\n");
  CHECK(mended_header("Subject: \v\r\n") == "Subject:\r\n");
}

TEST_CASE("a line of 998 octets stays, a longer one is folded, a longer word is refused") {
  const std::string full = "X: " + std::string(990, 'a') + " bcde\r\n";
  REQUIRE(full.size() == 1000);
  CHECK(mended_header(full) == full);
  CHECK(mended_header("X: " + std::string(990, 'a') + " bcdef\r\n") ==
        "X:\r\n " + std::string(990, 'a') + "\r\n bcdef\r\n");
  CHECK(mended_header("X: " + std::string(1000, 'a') + "\r\n")
            .starts_with("failed: The X field has a word "));
}

TEST_CASE("a header section at the reader's bounds is mended, one beyond is not") {
  std::string header;
  for (std::size_t i = 2; i < mail::max_header_fields; ++i) header += "X: y\r\n";
  CHECK(mended_header(header) == header);
  CHECK(mended_header(header + "X: y\r\n").starts_with("failed: "));
}

TEST_SUITE_END();
