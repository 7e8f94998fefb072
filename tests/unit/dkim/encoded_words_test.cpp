#include "dkim/encoded_words.hpp"

#include <doctest/doctest.h>

using dkim::encoded_words;

TEST_SUITE_BEGIN("dkim/encoded_words");

TEST_CASE("text is UTF-8 only where RFC 3629 says so") {
  struct Row {
    std::string_view text;
    bool utf8;
  };
  static const Row rows[] = {
      {"", true},
      {"plain", true},
      {"Grüße", true},
      {"€ 😀", true},
      {"\xF4\x8F\xBF\xBF", true},
      {"Gr\xFC\xDF"
       "e",
       false},
      {"\xC3", false},
      {"\x80", false},
      {"\xC0\xAF", false},
      {"\xE0\x9F\xBF", false},
      {"\xED\xA0\x80", false},
      {"\xF0\x8F\xBF\xBF", false},
      {"\xF4\x90\x80\x80", false},
      {"\xE2\x82", false},
      {"\xE2\x28\xA1", false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    CHECK(dkim::is_utf8(row.text) == row.utf8);
  }
}

TEST_CASE("the shorter of Q and B is taken, and the charset says what is known") {
  CHECK(encoded_words("Grüße aus B") == "=?utf-8?B?R3LDvMOfZSBhdXMgQg==?=");
  CHECK(encoded_words("Anmeldung für morgen") == "=?utf-8?Q?Anmeldung_f=C3=BCr_morgen?=");
  CHECK(encoded_words("Gr\xFC\xDF"
                      "e") == "=?unknown-8bit?B?R3L832U=?=");
  CHECK(encoded_words("Caf\xE9 creme pour tous") == "=?unknown-8bit?Q?Caf=E9_creme_pour_tous?=");
}

TEST_CASE("a long text becomes words of at most 60 octets that split no character") {
  std::string text;
  for (int i = 0; i < 100; ++i) text += "€";
  const std::string words = encoded_words(text);
  std::size_t start = 0;
  int count = 0;
  while (start < words.size()) {
    const std::size_t end = std::min(words.find(' ', start), words.size());
    CHECK(end - start <= 60);
    CHECK((end - start - std::string_view("=?utf-8?B?").size() - 2) % 4 == 0);
    start = end + 1;
    ++count;
  }
  CHECK(count == 9);  // 12 characters of 3 octets each fit a word
}

TEST_CASE(
    "only words with 8-bit octets are encoded, and no white space is lost beside an encoded word") {
  struct Row {
    std::string_view text;
    std::string_view expected;
  };
  static const Row rows[] = {
      {"plain text stays", "plain text stays"},
      {"Neue Grüße für alle", "Neue =?utf-8?B?R3LDvMOfZSBmw7xy?= alle"},
      {"=?utf-8?Q?a?= ü b", "=?utf-8?Q?a?= =?utf-8?B?IMO8?= b"},
      {"ü =?utf-8?Q?a?=", "=?utf-8?B?w7wg?= =?utf-8?Q?a?="},
      {"aü b ü", "=?utf-8?B?YcO8?= b =?utf-8?B?w7w=?="},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    CHECK(dkim::join_encoded(dkim::split_words(row.text)) == row.expected);
  }
}

TEST_SUITE_END();
