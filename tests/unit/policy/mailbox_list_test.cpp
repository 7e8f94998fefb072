#include "policy/address.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace {

/// The addresses of a field body, joined with commas, or "fault".
std::string read(const std::string& field_body) {
  const auto list = policy::parse_mailbox_list(field_body);
  if (!list) return "fault";
  std::string joined;
  for (const policy::Address& address : *list)
    joined += (joined.empty() ? "" : ",") + address.text();
  return joined;
}

}  // namespace

TEST_CASE("the mailboxes of a field body are those that RFC 5322 sees in it") {
  struct Row {
    std::string body;
    std::string addresses;
  };
  const std::vector<Row> rows{
      {" noreply@example.com", "noreply@example.com"},
      {" Example Council <noreply@Example.COM>", "noreply@example.com"},
      {" \"Council, Example\" <a@b.example>", "a@b.example"},
      {" \"a@evil.example\" <a@b.example>", "a@b.example"},
      {" =?utf-8?Q?J=C3=BCrgen?= Visitor <a@b.example>", "a@b.example"},
      {" J\xC3\xBCrgen M. <a@b.example>", "a@b.example"},
      {" J\xFCrgen <a@b.example>", "a@b.example"},
      {" example.com <a@b.example>", "a@b.example"},
      {"\r\n A\r\n\t<a@b.example>", "a@b.example"},
      {" <a@b.example>", "a@b.example"},
      {" a@b.example (Name)", "a@b.example"},
      {" (a@evil.example) a@b.example", "a@b.example"},
      {" a (x(y)\\)z) @ (c) b.example", "a@b.example"},
      {" a@b.example, C <c@d.example>", "a@b.example,c@d.example"},
      {" ,a@b.example,,", "a@b.example"},
      {" \"noreply@example.com\"@evil.example", "\"noreply@example.com\"@evil.example"},
      {" noreply%evil.example@example.com", "noreply%evil.example@example.com"},
      {" a@[192.0.2.1]", "a@[192.0.2.1]"},
      {" a@under_score.example", "a@under_score.example"},
      {" a@b\xC3\xBC"
       "cher.example",
       "a@xn--bcher-kva.example"},
      {"", "fault"},
      {" ", "fault"},
      {" ,", "fault"},
      {" undisclosed-recipients:;", "fault"},
      {" group: a@b.example;", "fault"},
      {" <@evil.example:a@b.example>", "fault"},
      {" <@evil.example,@c.example:a@b.example>", "fault"},
      {" a@b.example <c@d.example>", "fault"},
      {" a@b.example c@d.example", "fault"},
      {" a@evil.example@b.example", "fault"},
      {" Name a@b.example", "fault"},
      {" Name", "fault"},
      {" <>", "fault"},
      {" <a@b.example", "fault"},
      {" a@b.example>", "fault"},
      {" <<a@b.example>>", "fault"},
      {" <a@b.example> <c@d.example>", "fault"},
      {" a@b.example (open", "fault"},
      {" \"open <a@b.example>", "fault"},
      {" a@b.example.", "fault"},
      {" a@b..example", "fault"},
      {" .a@b.example", "fault"},
      {" @b.example", "fault"},
      {" a@", "fault"},
      {" a@[192.0.2.1", "fault"},
      {" j\xC3\xBCrgen@b.example", "fault"},
      {" a@b\xFF.example", "fault"},
      {" a; b@c.example", "fault"},
      {" =?utf-8?q?a=40b.example?=", "fault"},
      {std::string(" a@b.example\0", 13), "fault"},
      {std::string(" a\0@b.example", 13), "fault"},
      {" a@b.exam\x01ple", "fault"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.body);
    CHECK(read(row.body) == row.addresses);
  }
}

TEST_CASE("deep comments and long lists are read in one pass") {
  CHECK(read(std::string(60000, '(')) == "fault");
  CHECK(read(std::string(30000, '(') + std::string(30000, ')') + "a@b.example") == "a@b.example");
  std::string many;
  for (int i = 0; i < 5000; ++i) many += "a@b.example,";
  CHECK(policy::parse_mailbox_list(many)->size() == 5000);
}
