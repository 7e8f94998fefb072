#include "policy/mime/structured_field.hpp"

#include <doctest/doctest.h>

#include <string>

namespace mime = policy::mime;

namespace {

/// "value|name=value|name=value" of a field body.
std::string read(std::string_view text) {
  const mime::StructuredField field = mime::read_structured_field(text);
  std::string joined = field.value;
  for (const mime::Parameter& parameter : field.parameters)
    joined += '|' + parameter.name + '=' + parameter.value;
  return joined;
}

}  // namespace

TEST_CASE("parameters are read in every form a reader of mail takes") {
  struct Row {
    const char* text;
    const char* reading;
  };
  for (const Row& row : {Row{"text/plain", "text/plain"},
                         Row{" Text/PLAIN ; Charset=UTF-8", "text/plain|charset=UTF-8"},
                         Row{"text/html; charset=UTF-8;", "text/html|charset=UTF-8"},
                         Row{"a; x=\"1;2\"; y=3", "a|x=1;2|y=3"},
                         Row{"a; x=\"q\\\"q\\\\\"", "a|x=q\"q\\"},
                         Row{"a; x = y", "a|x=y"},
                         Row{"a x=y", "a x=y|x=y"},
                         Row{"a; x=1; x=2", "a|x=1|x=2"},
                         Row{"a; x*0=1; x*1=2", "a|x=12"},
                         Row{"a; x*1=2; x*0=1", "a|x=12"},
                         Row{"a; x*0*=utf-8''%31; x*1=%32; x*2*=%33", "a|x=1%323"},
                         Row{"a; x*0=1; x*0=2", "a|x=1|x=2"},
                         Row{"a; x*=utf-8'de'%C3%BC", "a|x=\xC3\xBC"},
                         Row{"a; x*=no-quotes%20", "a|x=no-quotes "},
                         Row{"a; x=\"open; y=2", "a|x=\"open|y=2"},
                         Row{"a; \"x=1\"; y=2", "a|y=2"},
                         Row{"; =; ;x=", "|x="},
                         Row{"", ""}}) {
    CAPTURE(row.text);
    CHECK(read(row.text) == row.reading);
  }
}

TEST_CASE("comments go, quoted parentheses and open comments stay") {
  CHECK(mime::without_comments("a (b (c)) d") == "a   d");
  CHECK(mime::without_comments("a; x=\"(y)\"") == "a; x=\"(y)\"");
  CHECK(mime::without_comments("a (open; x=y") == "a (open; x=y");
  CHECK(mime::without_comments("a (b\\)c) d") == "a   d");
}

TEST_CASE("a media type is a token, a slash and a token") {
  CHECK(mime::media_type("Text/Plain") == "text/plain");
  CHECK(mime::media_type(" text / plain x") == "text/plain");
  CHECK(mime::media_type("text/plain,x") == "text/plain");
  for (const char* text : {"", "text", "text/", "/plain", "\"text\"/plain", "t?xt/plain"})
    CHECK(mime::media_type(text).empty());
}

TEST_CASE("a file name is noticed wherever it is written") {
  CHECK(mime::mentions_of_name("text/plain") == 0);
  CHECK(mime::mentions_of_name("text/plain; charset=x; surname=y; x-name=z") == 0);
  CHECK(mime::mentions_of_name("a; name=x; FileName*0 = y; (filename=z)") == 3);
}

TEST_CASE("marks that are never closed are read in one pass") {
  CHECK(mime::without_comments(std::string(60000, '(')).size() == 60000);
  CHECK(mime::read_structured_field(std::string(60000, '"')).parameters.empty());
}
