#include "relay/observe/escape.hpp"

#include <doctest/doctest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <string>
#include <string_view>

using namespace std::string_literals;
using namespace std::string_view_literals;

TEST_SUITE("relay/observe/escape") {
  TEST_CASE("what a terminal or a line reader would act on is escaped, the rest is kept") {
    struct Row {
      std::string_view text, shown;
    };
    const Row rows[] = {
        {"plain ~ text", "plain ~ text"},
        {"", ""},
        {"two\nlines\r\n\t.", "two\\nlines\\r\\n\\t."},
        {"nul\0.\x1b[31m\x7f"sv, "nul\\x00.\\x1b[31m\\x7f"},
        {R"(C:\new)", R"(C:\\new)"},
        {"ä€😀", "ä€😀"},
        {"\u0085\u009b", "\\u0085\\u009b"},               // NEL, CSI
        {"\u061c\u200e\u200f", "\\u061c\\u200e\\u200f"},  // direction marks
        {"\u202a\u202b\u202c\u202d\u202e", "\\u202a\\u202b\\u202c\\u202d\\u202e"},
        {"\u2066\u2067\u2068\u2069", "\\u2066\\u2067\\u2068\\u2069"},
        {"\u200b\u200c\u200d\u2060\ufeff\u00ad", "\\u200b\\u200c\\u200d\\u2060\\ufeff\\u00ad"},
        {"\u2028\u2029", "\\u2028\\u2029"},
        {"\U000e0041", "\\U000e0041"},                          // a tag letter
        {"\xff\xc3", "\\xff\\xc3"},                             // no UTF-8; cut off
        {"\xc0\xaf\xe0\x80\xaf", "\\xc0\\xaf\\xe0\\x80\\xaf"},  // overlong
        {"\xed\xa0\x80", "\\xed\\xa0\\x80"},                    // a surrogate
        {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},           // above U+10FFFF
        {"\xe2\x82.", "\\xe2\\x82."},                           // cut short, then text
    };
    for (const Row& row : rows) {
      CAPTURE(row.shown);
      CHECK(observe::escaped(row.text) == row.shown);
    }
  }

  TEST_CASE("a value is cut at the bound, never inside an escape or a character") {
    CHECK(observe::escaped("12345678", 8) == "12345678");
    CHECK(observe::escaped("123456789", 8) == "12345...");
    CHECK(observe::escaped("1234ää", 8) == "1234ää");
    CHECK(observe::escaped("1234äää", 8) == "1234...");
    CHECK(observe::escaped("abc\n\n\n", 8) == "abc\\n...");
    CHECK(observe::escaped("\x01\x01\x01", 8) == "\\x01...");
    CHECK(observe::escaped("abcdef", 3) == "...");
    CHECK(observe::escaped("abcdef", 0).empty());
  }

  TEST_CASE(
      "no octet at any place, and no bound, lets more than printable text of that length through") {
    for (int octet = 0; octet < 256; ++octet) {
      const std::string text = "a"s + static_cast<char>(octet) + "b" + static_cast<char>(octet);
      for (std::size_t most = 0; most < 20; ++most) {
        const std::string shown = observe::escaped(text, most);
        CAPTURE(octet);
        CHECK(shown.size() <= most);
        CHECK(shown.find_first_of("\n\r\x1b\x7f"sv) == std::string::npos);
        CHECK(observe::valid_utf8(shown) == shown);
      }
    }
  }

  TEST_CASE("octets that are no UTF-8 become the replacement character for JSON") {
    CHECK(observe::valid_utf8("ä\xff.\xe2\x82") == "ä\uFFFD.\uFFFD\uFFFD");
    boost::system::error_code error;
    (void)boost::json::parse(
        boost::json::serialize(boost::json::value(observe::valid_utf8("\xc3(\xf0\x80"))), error);
    CHECK(!error);
  }

  TEST_CASE("printable JSON is the same JSON without what a terminal acts on") {
    const std::string text = "a\u009b31m\u202e\U000e0041ä\x7f";
    const std::string json = boost::json::serialize(boost::json::value(text));
    const std::string printable = observe::printable_json(json);
    CHECK(printable == "\"a\\u009b31m\\u202e\\udb40\\udc41ä\\u007f\"");
    CHECK(boost::json::parse(printable).as_string() == text);
  }
}
