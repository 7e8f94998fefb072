#include "relay/proto/verbs.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <variant>
#include <vector>

namespace {

using smtp::Arguments;
using smtp::PathArguments;
using smtp::read_command;
using smtp::SyntaxFault;

Arguments arguments_of(std::string_view line) {
  const smtp::Command command = read_command(line);
  REQUIRE(command.row);
  return command.row->read(command.arguments);
}

/// The path that a line names, or the reply code that refuses it.
std::string path_of(std::string_view line) {
  const Arguments arguments = arguments_of(line);
  if (const auto* fault = std::get_if<SyntaxFault>(&arguments))
    return std::to_string(fault->status.code);
  return std::string(std::get<PathArguments>(arguments).path);
}

TEST_CASE(
    "every verb stands once in the table, in upper case, and is legal somewhere a client can be") {
  std::set<std::string_view> words;
  for (const smtp::VerbRow& row : smtp::verbs()) {
    CAPTURE(row.word);
    CHECK(words.insert(row.word).second);
    CHECK(row.word.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") == row.word.npos);
    CHECK(row.legal != 0);
    for (auto stage = smtp::Stage::sasl; stage <= smtp::Stage::closed;
         stage = static_cast<smtp::Stage>(static_cast<int>(stage) + 1)) {
      CHECK_FALSE(smtp::legal_in(row, stage));
    }
  }
}

TEST_CASE("a command is read without case, its arguments without white space around them") {
  const smtp::Command command = read_command("hElO \t name with spaces\t ");
  CHECK(command.word == "hElO");
  CHECK(command.arguments == "name with spaces");
  REQUIRE(command.row);
  CHECK(command.row->verb == smtp::Verb::helo);
  CHECK(read_command("HELOX name").row == nullptr);
  CHECK(read_command("").row == nullptr);
  CHECK(read_command(" QUIT").row == nullptr);
}

TEST_CASE("paths are read with and without angle brackets, and never past them") {
  const std::vector<std::pair<std::string, std::string>> rows{
      {"MAIL FROM:<a@example.com>", "a@example.com"},
      {"MAIL from:a@example.com", "a@example.com"},
      {"MAIL FROM: <a@example.com> SIZE=1", "a@example.com"},
      {"MAIL FROM:<>", ""},
      {"MAIL FROM:<a b@example.com>", "a b@example.com"},
      {"MAIL FROM:<\"a>b\"@example.com> SIZE=1", "\"a>b\"@example.com"},
      {"MAIL FROM:<\"a\\\">b\"@example.com>", "\"a\\\">b\"@example.com"},
      {"MAIL FROM:<\"a>", "501"},
      {"MAIL FROM:<\"a\\", "501"},
      {"MAIL FROM:<", "501"},
      {"MAIL FROM:<a@example.com>SIZE=1", "501"},
      {"MAIL FROM:a@example.com>", "501"},
      {"MAIL FROM:", "501"},
      {"MAIL FROM", "501"},
      {"MAIL", "501"},
      {"RCPT TO:<a@example.com>", "a@example.com"},
      {"RCPT TO:<a@example.com> ORCPT=rfc822;a@example.com", "555"},
      {"RCPT FROM:<a@example.com>", "501"},
  };
  for (const auto& [line, expected] : rows) {
    CAPTURE(line);
    CHECK(path_of(line) == expected);
  }
}

TEST_CASE("SIZE is read up to what 64 bits hold") {
  const auto size_of = [](std::string_view line) {
    return std::get<PathArguments>(arguments_of(line)).size;
  };
  CHECK(size_of("MAIL FROM:<a@example.com>") == 0);
  CHECK(size_of("MAIL FROM:<a@example.com> size=42") == 42);
  CHECK(size_of("MAIL FROM:<a@example.com> SIZE=18446744073709551615") == 18446744073709551615U);
  CHECK(path_of("MAIL FROM:<a@example.com> SIZE=18446744073709551616") == "501");
  CHECK(path_of("MAIL FROM:<a@example.com> SIZE=+1") == "501");
  CHECK(path_of("MAIL FROM:<a@example.com> SIZE=1x") == "501");
}

TEST_CASE("a request of HTTP is known by its method or its version, and no verb of SMTP is one") {
  for (const std::string_view line :
       {"GET / HTTP/1.1", "GET /", "post", "PROPFIND / HTTP/1.1", "PRI * HTTP/2.0"}) {
    CAPTURE(line);
    CHECK(smtp::is_http_request(line));
  }
  for (const smtp::VerbRow& row : smtp::verbs()) CHECK_FALSE(smtp::is_http_request(row.word));
  CHECK_FALSE(smtp::is_http_request("EHLO get.example.com"));
}

}  // namespace
