#include "dkim/field_encoding.hpp"

#include <doctest/doctest.h>

TEST_SUITE_BEGIN("dkim/field_encoding");

TEST_CASE("8-bit text is encoded as the field's kind asks, and addresses stay addresses") {
  struct Row {
    std::string_view name;
    std::string_view value;
    std::string_view expected;
  };
  static const Row rows[] = {
      {"subject", "Grüße <nicht@adresse>", "=?utf-8?B?R3LDvMOfZQ==?= <nicht@adresse>"},
      {"from", "Büro <a@example.com>", "=?utf-8?B?QsO8cm8=?= <a@example.com>"},
      {"from", "\"Büro, Haupt\" <a@example.com>", "=?utf-8?B?QsO8cm8sIEhhdXB0?= <a@example.com>"},
      {"from", "\"Bü \\\"x\\\"\" <a@example.com>", "=?utf-8?B?QsO8ICJ4Ig==?= <a@example.com>"},
      {"from", "Jürgen Müller <a@example.com>", "=?utf-8?B?SsO8cmdlbiBNw7xsbGVy?= <a@example.com>"},
      {"from", "J\xFCrgen <a@example.com>", "=?unknown-8bit?Q?J=FCrgen?= <a@example.com>"},
      {"from",
       "a@example.com (Büro (Bonn) \\) x)",
       "a@example.com (=?utf-8?B?QsO8cm8gKEJvbm4pICkgeA==?=)"},
      {"from", "Büro<a@example.com>", "=?utf-8?B?QsO8cm8=?= <a@example.com>"},
      {"to",
       "Ü <a@example.com>, \"x, y\" <b@example.com>,c@example.com",
       "=?utf-8?B?w5w=?= <a@example.com>, \"x, y\" <b@example.com>, c@example.com"},
      {"to", "Ü: a@example.com, b@example.com;", "=?utf-8?B?w5w=?=: a@example.com, b@example.com;"},
      {"to", "Ü <a@[IPv6:::1]>, b@[IPv6:::1]", "=?utf-8?B?w5w=?= <a@[IPv6:::1]>, b@[IPv6:::1]"},
      {"to",
       "\"a b\"@example.com, Ü <c@example.com>",
       "\"a b\"@example.com, =?utf-8?B?w5w=?= <c@example.com>"},
      {"to", "a@bücher.example", "a@xn--bcher-kva.example"},
      {"to", "B <a@bücher.example>", "B <a@xn--bcher-kva.example>"},
      {"from", "B <a@BÜCHER.Example>", "B <a@xn--bcher-kva.example>"},
      {"to", "Ü", "=?utf-8?B?w5w=?="},
      {"to", "\"Ü", "=?utf-8?B?w5w=?="},
      {"reply-to",
       "=?utf-8?Q?a?= ü <a@example.com>",
       "=?utf-8?Q?a?= =?utf-8?B?IMO8?= <a@example.com>"},
      {"list-unsubscribe",
       "<https://example.com/ü?a=b>, <mailto:x@example.com>",
       "<https://example.com/%C3%BC?a=b>, <mailto:x@example.com>"},
      {"in-reply-to", "<ü@example.com>", "<%C3%BC@example.com>"},
      {"content-type",
       "text/plain; charset=utf-8; x=\"ü; y\"",
       "text/plain; charset=utf-8; x*=utf-8''%C3%BC%3B%20y"},
      {"content-type", "text/plain; x=\xFC", "text/plain; x*=unknown-8bit''%FC"},
      {"content-type", "text/plain; x*=utf-8''%41ü", "text/plain; x*=utf-8''%41%C3%BC"},
      {"content-type", "text/pläin", "=?utf-8?Q?text/pl=C3=A4in?="},
  };
  for (const Row& row : rows) {
    CAPTURE(row.value);
    CHECK(dkim::encode_value(row.name, row.value).value_or("nothing") == row.expected);
  }
}

TEST_CASE("an address without an ASCII form is not made up") {
  static const std::string_view values[] = {"jürgen@example.com",
                                            "J <jürgen@example.com>",
                                            "\"jü\"@example.com",
                                            "<\"jü\"@example.com>",
                                            "a@b\xFC.example",
                                            "ok@example.com, a@\xC3\x28.example"};
  for (const std::string_view value : values) {
    CAPTURE(value);
    CHECK_FALSE(dkim::encode_value("to", value).has_value());
  }
}

TEST_CASE("folding breaks before white space only, and fails for a word that no line can hold") {
  const std::string words = "Subject: " + std::string(60, 'a') + "  " + std::string(60, 'b') +
                            "\t" + std::string(990, 'c');
  const auto folded = dkim::fold(words);
  CHECK(folded == "Subject: " + std::string(60, 'a') + "\r\n  " + std::string(60, 'b') + "\r\n\t" +
                      std::string(990, 'c'));
  CHECK(dkim::fold("X: " + std::string(997, 'a')) == "X:\r\n " + std::string(997, 'a'));
  CHECK_FALSE(dkim::fold("X: " + std::string(998, 'a')).has_value());
  CHECK(dkim::fold("X-Empty:") == "X-Empty:");
}

TEST_SUITE_END();
