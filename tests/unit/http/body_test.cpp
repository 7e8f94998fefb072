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

  TEST_CASE("the first mistake is kept") {
    Body body(R"({"a":1,"b":1})");
    (void)body.text("a");
    (void)body.text("b");
    body.refuse("Another.");
    CHECK(body.mistake()->find("`a`") == 0);
  }
}
