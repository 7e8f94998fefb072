#include "tests/unit/policy/message_builder.hpp"

#include "policy/structure.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using support::message;
using support::verdict_on;

TEST_CASE("NUL, bare CR and bare LF are refused wherever they stand") {
  const std::string header = "From: noreply@example.com\r\n";
  struct Row {
    std::string octets;
    const char* verdict;
  };
  const std::vector<Row> rows{{header + "\r\nhello\r\n", "accept"},
                              {header + "\r\nhello", "accept"},
                              {header + "\r\n", "accept"},
                              {header, "accept"},
                              {"From: noreply@example.com", "accept"},
                              {header + "\r\nhe\rllo\r\n", "malformed"},
                              {header + "\r\nhello\r", "malformed"},
                              {header + "\r\nhello\r\r\n", "malformed"},
                              {header + "\r\nhello\n", "malformed"},
                              {header + "\n\r\nhello\r\n", "malformed"},
                              {header + "\r\n\n", "malformed"},
                              {header + std::string("\r\nhe\0llo\r\n", 10), "malformed"},
                              {std::string("\0", 1) + header, "malformed"}};
  for (const Row& row : rows) {
    CAPTURE(row.octets);
    CHECK(verdict_on(row.octets) == row.verdict);
  }
}

TEST_CASE("a line has at most 998 octets") {
  CHECK(verdict_on(message("X: y", std::string(998, 'x'))) == "accept");
  CHECK(verdict_on(message("X: y", std::string(999, 'x'))) == "malformed");
  CHECK(verdict_on(message("X: " + std::string(995, 'x'), "x")) == "accept");
  CHECK(verdict_on(message("X: " + std::string(996, 'x'), "x")) == "malformed");
}

TEST_CASE("a header has at most 64 KB and 500 fields") {
  const auto fields = [](std::size_t count, std::size_t octets) {
    std::string text = "A: b";
    for (std::size_t i = 1; i < count; ++i)
      text += "\nX-" + std::to_string(i) + ": " + std::string(octets, 'x');
    return message(text, "x");
  };
  CHECK(verdict_on(fields(499, 1)) == "accept");
  CHECK(verdict_on(fields(500, 1)) == "malformed");
  CHECK(verdict_on(fields(70, 900)) == "accept");
  CHECK(verdict_on(fields(75, 900)) == "malformed");
}

TEST_CASE("what two readers would read differently in a header is malformed") {
  struct Row {
    const char* header;
    const char* verdict;
  };
  for (const Row& row :
       {Row{"Subject: a\nSubject: a", "accept"},
        Row{"Subject: a\nSubject:  a ", "accept"},
        Row{"Subject: a\nSUBJECT: b", "malformed"},
        Row{"Subject: a\nSubject: a\nSubject: b", "malformed"},
        Row{"To: a@b.example\nTo: c@d.example", "malformed"},
        Row{"From: noreply@example.com\nFrom: webmaster@example.com", "malformed"},
        Row{"Message-ID: <a@b>\nMessage-ID: <c@d>", "malformed"},
        Row{"Content-Transfer-Encoding: 7bit\nContent-Transfer-Encoding: quoted-printable",
            "malformed"},
        Row{"MIME-Version: 1.0\nMime-Version: 1.0", "accept"},
        Row{"Received: a\nReceived: b", "accept"},
        Row{"X-Twice: a\nX-Twice: b", "accept"},
        Row{"DKIM-Signature: a\nDKIM-Signature: b", "accept"},
        Row{"Return-Path: <a@b>\nReturn-Path: <c@d>", "accept"},
        Row{"a line without a name", "malformed"},
        Row{": no name", "malformed"},
        Row{"B\xC3\xBC: x", "malformed"},
        Row{"Two words: x", "malformed"},
        Row{"Subject: a\n \n b", "malformed"},
        Row{"Subject: a\n\t", "malformed"},
        Row{"Subject: a\n  b", "accept"},
        Row{"Subject:\n a", "accept"},
        Row{"Subject:", "accept"}}) {
    CAPTURE(row.header);
    CHECK(verdict_on(message(row.header, "x")) == row.verdict);
  }
  CHECK(verdict_on(" folded: first line\r\nFrom: noreply@example.com\r\n\r\nx\r\n") == "malformed");
  CHECK(verdict_on("From noreply@example.com Sat Jan  1 00:00:00 2026\r\nFrom: "
                   "noreply@example.com\r\n\r\nx\r\n") == "malformed");
  CHECK(verdict_on("") == "malformed");
  CHECK(verdict_on("\r\n") == "malformed");
  CHECK(verdict_on("\r\nFrom: noreply@example.com\r\n") == "malformed");
}

TEST_CASE("non-ASCII before the @ of an address field is malformed, in a display name it is not") {
  struct Row {
    const char* field;
    const char* verdict;
  };
  for (const Row& row : {Row{"To: j\xC3\xBCrgen@b.example", "malformed"},
                         Row{"To: A <j\xC3\xBCrgen@b.example>", "malformed"},
                         Row{"Cc: a@b.example,\n j\xC3\xBCrgen@b.example", "malformed"},
                         Row{"Reply-To: \"j\xC3\xBCrgen\"@b.example", "malformed"},
                         Row{"Bcc: j\xFC"
                             "rgen @b.example",
                             "malformed"},
                         Row{"To: J\xC3\xBCrgen <a@b.example>", "accept"},
                         Row{"To: \"J\xC3\xBCrgen @ B\" <a@b.example>", "accept"},
                         Row{"To: J\xC3\xBCrgen @ B <a@b.example>", "accept"},
                         Row{"To: a@b.example (J\xC3\xBCrgen)", "accept"},
                         Row{"To: (J\xC3\xBC\\)rgen) a@b.example", "accept"},
                         Row{"To: a@b\xC3\xBC"
                             "cher.example",
                             "accept"},
                         Row{"To: undisclosed-recipients:;", "accept"},
                         Row{"Subject: j\xC3\xBCrgen@b.example", "accept"}}) {
    CAPTURE(row.field);
    CHECK(verdict_on(message(row.field, "x")) == row.verdict);
  }
}

TEST_CASE("over 50 Received fields are a loop") {
  const auto received = [](std::size_t count) {
    std::string header = "X: y";
    for (std::size_t i = 0; i < count; ++i) header += "\nReceived: from a by b";
    return message(header, "x");
  };
  CHECK(verdict_on(received(policy::max_received_fields)) == "accept");
  CHECK(verdict_on(received(policy::max_received_fields + 1)) == "loop");
}
