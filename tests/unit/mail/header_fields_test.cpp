#include "mail/header_fields.hpp"

#include <doctest/doctest.h>

#include <string>

TEST_CASE("fields keep their octets, their names lose the blanks before the colon") {
  const std::string octets =
      "From : a@b\r\nSubject: one\r\n two\r\nX-Empty:\r\n\r\nbody: no field\r\n";
  const mail::HeaderSection section = mail::read_header_section(octets);
  CHECK(!section.fault);
  REQUIRE(section.fields.size() == 3);
  CHECK(section.fields[0].name == "From");
  CHECK(section.fields[0].raw == "From : a@b\r\n");
  CHECK(section.fields[1].value == " one\r\n two");
  CHECK(mail::unfold(section.fields[1].value) == "one two");
  CHECK(section.fields[2].value.empty());
  CHECK(octets.substr(section.body_offset) == "body: no field\r\n");
}

TEST_CASE("a field is found without case, the first or all of them") {
  const mail::HeaderSection section = mail::read_header_section("A: 1\r\nB: 2\r\na: 3\r\n\r\n");
  REQUIRE(section.find("a") != nullptr);
  CHECK(section.find("a")->value == " 1");
  CHECK(section.find_all("A").size() == 2);
  CHECK(section.find("C") == nullptr);
}

TEST_CASE("a section without an empty line ends with the octets") {
  CHECK(mail::read_header_section("A: 1").fields.size() == 1);
  CHECK(mail::read_header_section("").fields.empty());
  CHECK(mail::read_header_section("\r\nA: 1\r\n").body_offset == 2);
  CHECK(mail::read_header_section("A: 1\n\nbody").body_offset == 6);
}

TEST_CASE("a line without a field name is a fault, and what follows is still read") {
  for (const char* line :
       {"no colon", ": no name", "two words: x", " folded first: x", "B\xC3\xBC: x", "a\x01: x"}) {
    CAPTURE(line);
    const std::string octets = std::string(line) + "\r\nAfter: 1\r\n\r\nbody";
    const mail::HeaderSection section = mail::read_header_section(octets);
    CHECK(section.fault == mail::HeaderFault::no_field_name);
    CHECK(section.fault_line == line);
    CHECK(section.find("After") != nullptr);
    CHECK(octets.substr(section.body_offset) == "body");
  }
}

TEST_CASE("reading stops at 500 fields and at 64 KB") {
  std::string fields;
  for (std::size_t i = 0; i < mail::max_header_fields; ++i) fields += "A: b\r\n";
  CHECK(!mail::read_header_section(fields + "\r\n").fault);
  const mail::HeaderSection many = mail::read_header_section(fields + "A: b\r\n\r\n");
  CHECK(many.fault == mail::HeaderFault::too_many_fields);
  CHECK(many.fields.size() == mail::max_header_fields);

  const std::string exact = "A: " + std::string(mail::max_header_octets - 5, 'x') + "\r\n";
  CHECK(!mail::read_header_section(exact + "\r\nbody").fault);
  CHECK(mail::read_header_section(" " + exact).fault == mail::HeaderFault::too_long);
  CHECK(mail::read_header_section("B: " + exact).fields.empty());
}

TEST_CASE("text is compared without US-ASCII case alone") {
  CHECK(mail::equals_ignoring_case("Content-TYPE", "content-type"));
  CHECK(!mail::equals_ignoring_case("a", "ab"));
  CHECK(!mail::equals_ignoring_case("[", "{"));
  CHECK(mail::starts_with_ignoring_case("X-Campaign-Id", "x-campaign"));
  CHECK(!mail::starts_with_ignoring_case("X", "X-"));
  CHECK(mail::to_lower("\xC3\x84"
                       "BC") ==
        "\xC3\x84"
        "bc");
  CHECK(mail::trim(" \ta b\t ") == "a b");
}
