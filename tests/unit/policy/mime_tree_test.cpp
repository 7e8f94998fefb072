#include "tests/unit/policy/message_builder.hpp"

#include "policy/mime/tree.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using support::message;
using support::verdict_on;

namespace {

constexpr const char* file = "Content-Type: application/zip\n\nPK\n";

/// Multiparts inside each other, the innermost with one text part.
std::string nested(std::size_t depth) {
  std::string text = "Content-Type: multipart/mixed; boundary=b0\n\n";
  for (std::size_t i = 1; i < depth; ++i) {
    text += "--b" + std::to_string(i - 1) + "\nContent-Type: multipart/mixed; boundary=b" +
            std::to_string(i) + "\n\n";
  }
  text += "--b" + std::to_string(depth - 1) + "\n\nx\n";
  for (std::size_t i = depth; i-- > 0;) text += "--b" + std::to_string(i) + "--\n";
  return policy::normalise_line_ends("From: noreply@example.com\n" + text);
}

std::string with_parts(std::size_t count) {
  std::string body;
  for (std::size_t i = 0; i < count; ++i) body += "--b\n\nx\n";
  return message("Content-Type: multipart/mixed; boundary=b", body + "--b--\n");
}

}  // namespace

TEST_CASE("no way to write a multipart hides a file in it") {
  struct Row {
    std::string header;
    std::string body;
    std::string verdict;
  };
  const std::string text = "--b\n\nhello\n";
  const std::string hidden = "--b\n" + std::string(file);
  const std::string mixed = "Content-Type: multipart/mixed; boundary=b";
  const std::vector<Row> rows{
      {mixed, text + "--b--\n", "accept"},
      {mixed, text, "accept"},
      {mixed, text + hidden, "attachment"},
      {mixed, text + "--b--\n" + hidden + "--b--\n", "attachment"},
      {mixed, "preamble\n" + text + "--b-- \t\nepilogue\n", "accept"},
      {mixed, text + "--b \t\n" + file + "--b--\n", "attachment"},
      {"Content-Type: multipart/mixed; boundary=\"b \"", text + hidden, "attachment"},
      {"Content-Type: multipart/mixed; boundary*=us-ascii''%62", text + hidden, "attachment"},
      {"Content-Type: multipart/mixed; boundary*1=\"\"; boundary*0=b", text + hidden, "attachment"},
      {"Content-Type: MULTIPART/unknown; BOUNDARY = b", text + hidden, "attachment"},
      {"Content-Type: multipart/mixed boundary=b", text + hidden, "attachment"},
      {"Content-Type: multipart/mixed, boundary=b", text + hidden, "attachment"},
      {"Content-Type : multipart/mixed;\n\tboundary=b", text + hidden, "attachment"},
      {"Content-Type: (c) multipart (c) / (c) mixed (c); (c) boundary (c) = (c) \"b\" (c)",
       text + hidden,
       "attachment"},
      {"Content-Type: multipart/mixed; x=\"; boundary=a\"; boundary=b",
       text + hidden,
       "attachment"},
      {"Content-Type: multipart/mixed (; boundary=\"b\"); boundary=\"c\"",
       text + hidden + "--c\n\nhello\n--c--\n",
       "attachment"},
      {"Content-Type: multipart/mixed; boundary=\"c\" (; boundary=\"b\")",
       text + hidden + "--c\n\nhello\n--c--\n",
       "attachment"},
      {"Content-Type: multipart/mixed (; boundary=\"a\"); boundary=b", text + "--b--\n", "accept"},
      {"Content-Type: > multipart/mixed; boundary=b", text + hidden, "attachment"},
      {"Content-Type: \xC2\xA0multipart/mixed; boundary=b", text + hidden, "attachment"},
      {"Content-Type: multipart[/mixed; boundary=b", text + "--b--\n", "malformed"},
      {"Content-Type: multipart[/mixed; boundary=b\nContent-Transfer-Encoding: base64",
       text + hidden,
       "attachment"},
      {"Content-Type: multipart[/mixed; boundary=c", text + hidden, "accept"},
      {"Content-Type: multipart[/mixed; boundary=", text + hidden, "accept"},
      {"Content-Type: text/plain\nContent-Type: multipart/mixed; boundary=b",
       text + "--b--\n",
       "malformed"},
      {"Content-Type: multipart/mixed; boundary=b\nContent-Type: multipart/mixed; boundary=b",
       text + "--b--\n",
       "accept"},
      {"Content-Type: multipart/mixed; boundary=c\nContent-Type: multipart/mixed; boundary=b",
       text + hidden + "--c\n\nhello\n--c--\n",
       "attachment"},
      {"Content-Type: text/plain\nContent-Type: text/html", "hello", "malformed"},
      {"Content-Type: text/plain; charset=utf-8\nContent-Type: text/plain; charset=\"text/plain\"",
       "hello",
       "accept"},
      {"Content-Type: text/plain\nContent-Type: text/plain; name=a.exe", "hello", "attachment"},
      {"Content-Type: text/plain\nContent-Type: text/html\nContent-Type: application/zip",
       "hello",
       "malformed"},
      {"Content-Type: multipart/mixed", text, "malformed"},
      {"Content-Type: multipart/mixed; boundary=", text, "malformed"},
      {"Content-Type: multipart/mixed; boundary=\"\"", "--\n\nx\n----\n", "malformed"},
      {"Content-Type: multipart/mixed; boundary=b; boundary=c", text + hidden, "malformed"},
      {"Content-Type: multipart/mixed; boundary=b; Boundary=b", text, "malformed"},
      {"Content-Type: multipart/mixed; boundary=b; boundary*0=c", text, "malformed"},
      {mixed, "no delimiter\n", "malformed"},
      {mixed, "", "malformed"},
      {mixed, "--b--\n", "malformed"},
      {mixed, " --b\n\nx\n", "malformed"},
      {mixed + "\nContent-Transfer-Encoding: quoted-printable", text + "--b--\n", "malformed"},
      {mixed + "\nContent-Transfer-Encoding: base64;", text + "--b--\n", "malformed"},
      {mixed + "\nContent-Transfer-Encoding: 8Bit", text + "--b--\n", "accept"},
      {mixed, text + "--bc\n" + file + "--b--\n", "malformed"},
      {mixed, text + "--b--c\n" + "--b--\n", "malformed"},
      {mixed,
       "--b\nContent-Type: multipart/alternative; boundary=b-1\n\n--b-1\n\nx\n--b-1--\n--b--\n",
       "accept"},
      {mixed, "--b\nno field name here\n\nx\n--b--\n", "malformed"},
      {mixed, "--b\nno field name here\n" + std::string(file) + "--b--\n", "attachment"},
      {mixed, "--b\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--b--\n", "malformed"},
      {mixed,
       "--b\nContent-Type: multipart/mixed; boundary=c\n\n--c\n" + std::string(file) +
           "--c--\n--b--\n",
       "attachment"},
      {mixed,
       "--b\nContent-Type: multipart/mixed; boundary=c\n\n--c\n\nx\n--b\n" + std::string(file),
       "attachment"},
      {"Subject: x",
       "--b\nContent-Type: application/pdf; name=a.pdf\nContent-Disposition: "
       "attachment\n\ntext\n--b--\n",
       "accept"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.header);
    CAPTURE(row.body);
    CHECK(verdict_on(message(row.header, row.body)) == row.verdict);
  }
}

TEST_CASE("multiparts are followed 20 deep") {
  CHECK(verdict_on(nested(policy::mime::max_depth)) == "accept");
  CHECK(verdict_on(nested(policy::mime::max_depth + 1)) == "malformed");
  CHECK(verdict_on(nested(300)) == "malformed");
}

TEST_CASE("a message has at most 100 parts") {
  CHECK(verdict_on(with_parts(policy::mime::max_parts)) == "accept");
  CHECK(verdict_on(with_parts(policy::mime::max_parts + 1)) == "malformed");
}

TEST_CASE("ten megabytes of delimiters are given up at the limit") {
  std::string octets =
      "From: noreply@example.com\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n";
  while (octets.size() < 10 * 1024 * 1024) octets += "--b\r\n";
  const policy::Summary summary = policy::summarise(octets, {});
  CHECK(summary.parts.size() <= policy::mime::max_parts + 1);
  REQUIRE(!summary.findings.empty());
  CHECK(summary.findings.front().what.find("over 100 parts") != std::string::npos);
}

TEST_CASE("a forwarded message is one attachment and is not unpacked") {
  const auto summary = policy::summarise(
      support::with_part("Content-Type: message/rfc822\n\nFrom: a@b.example\nContent-Type: "
                         "multipart/mixed; boundary=c\n\n--c\n"
                         "Content-Type: application/zip\n\nPK\n--c--"),
      {});
  CHECK(summary.parts.size() == 3);
  CHECK(summary.parts.back().role == policy::Role::attachment);
}
