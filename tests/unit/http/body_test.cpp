#include "relay/http/body.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using http::Body;

TEST_SUITE("relay/http/body") {
  TEST_CASE("members are taken by name, and what is absent is nothing") {
    Body body(R"({"word":"yes","words":["a","b"],"number":7,"flag":true})");
    CHECK(body.text("word") == "yes");
    CHECK(body.texts("words", 2) == std::vector<std::string>{"a", "b"});
    CHECK(body.number("number", 1, 7) == 7);
    CHECK(body.flag("flag"));
    CHECK(!body.text("other"));
    CHECK(body.texts("others", 2).empty());
    CHECK(!body.number("none", 1, 7));
    CHECK(!body.flag("no"));
    CHECK(!body.mistake());
  }

  TEST_CASE("a member that nobody took is a mistake that names it, harmlessly") {
    CHECK(Body(R"({"frob":1})").mistake() == "`frob` is not known here.");
    CHECK(Body(R"({"\u001b[2J":1})").mistake()->find('\x1b') == std::string::npos);
  }

  TEST_CASE("what is no JSON object is a mistake") {
    for (const char* text : {"", "[]", "1", "null", "{", "{} {}", "{\"a\":}", "\"x\""})
      CHECK(Body(text).mistake() == "The body is no JSON object.");
    const std::string deep = std::string(100, '[') + std::string(100, ']');
    CHECK(Body("{\"a\":" + deep + "}").mistake() == "The body is no JSON object.");
    CHECK(!Body("{}").mistake());
  }

  TEST_CASE("a text keeps to its bound and has no control characters") {
    const auto taken = [](const std::string& value) {
      Body body("{\"word\":" + value + "}");
      const auto text = body.text("word", 3);
      CHECK(text.has_value() == !body.mistake().has_value());
      return text.has_value();
    };
    CHECK(taken(R"("abc")"));
    for (const char* wrong :
         {R"("abcd")", R"("")", R"("a\u0000")", R"("a\n")", R"("\u007f")", "1", "null", "true"})
      CHECK(!taken(wrong));
  }

  TEST_CASE("a list keeps to its bound, and each of its members is a text") {
    for (const char* wrong : {R"(["a","b","c"])", "[]", "[1]", R"(["a",""])", R"("a")", "{}"}) {
      Body body("{\"words\":" + std::string(wrong) + "}");
      (void)body.texts("words", 2);
      CHECK(body.mistake() == "`words` must be a list of 1 to 2 texts.");
    }
  }

  TEST_CASE("a number is whole and within its bounds, a flag is true or false") {
    for (const char* wrong : {"0", "8", "1.5", "1e1", "\"1\"", "18446744073709551615", "null"}) {
      Body body("{\"number\":" + std::string(wrong) + "}");
      CHECK(!body.number("number", 1, 7));
      CHECK(body.mistake() == "`number` must be a whole number from 1 to 7.");
    }
    for (const char* wrong : {"0", "1", "\"true\"", "null"}) {
      Body body("{\"flag\":" + std::string(wrong) + "}");
      CHECK(!body.flag("flag"));
      CHECK(body.mistake() == "`flag` must be true or false.");
    }
  }

  TEST_CASE("lines are a text with line ends") {
    Body body(R"({"pem":"a\r\nb\n","tab":"a\tb","long":"abcdef"})");
    CHECK(body.lines("pem", 5) == "a\r\nb\n");
    CHECK(!body.mistake()->empty());
    CHECK(!body.lines("tab", 5));
    CHECK(!body.lines("long", 5));
    CHECK(!body.lines("none", 5));
    CHECK(body.mistake() == "`tab` must be lines of text, 1 to 5 octets.");
  }

  TEST_CASE("an object is read like a body, and its mistakes are the body's") {
    const auto mistake = [](const char* text) {
      Body body(text);
      Body limits = body.object("limits");
      (void)limits.number("size", 1, 7);
      body.close(limits);
      return body.mistake().value_or("");
    };
    CHECK(mistake(R"({"limits":{"size":7}})").empty());
    CHECK(mistake("{}").empty());
    CHECK(mistake(R"({"limits":{"size":8}})") == "`size` must be a whole number from 1 to 7.");
    CHECK(mistake(R"({"limits":{"sise":7}})") == "`sise` is not known here.");
    CHECK(mistake(R"({"limits":7})") == "`limits` must be an object.");
  }

  TEST_CASE("the first mistake is kept, but a name that is not known goes before it") {
    Body body(R"({"a":1,"b":1,"c":1})");
    (void)body.text("a");
    (void)body.text("b");
    body.refuse("Another.");
    CHECK(body.mistake() == "`c` is not known here.");
    (void)body.number("c", 1, 7);
    CHECK(body.mistake()->find("`a`") == 0);
  }
}
