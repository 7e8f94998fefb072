#include "relay/domains/spf/names.hpp"

#include <doctest/doctest.h>

#include <string>

using domains::spf::as_asked;
using domains::spf::is_askable;
using domains::spf::is_sender_domain;

TEST_CASE("DNS is asked for names within its bounds") {
  const std::string label(63, 'a');
  const std::string longest = label + '.' + label + '.' + label + '.' + std::string(61, 'a');
  for (const std::string& name : {std::string("a"),
                                  std::string("_spf.example.org"),
                                  label,
                                  longest,
                                  std::string("a+b=c._x"),
                                  std::string("a b%20")}) {
    CAPTURE(name);
    CHECK(is_askable(name));
  }
  for (const std::string& name : {std::string(),
                                  std::string("."),
                                  std::string("a."),
                                  std::string(".a"),
                                  std::string("a..b"),
                                  label + "a",
                                  longest + 'a',
                                  std::string("A"),
                                  std::string("a\\b"),
                                  std::string("a\"b"),
                                  std::string("a\0b", 3),
                                  std::string("\xc3\xbc"),
                                  std::string("a@b")}) {
    CAPTURE(name);
    CHECK(!is_askable(name));
  }
}

TEST_CASE("a name is asked for in lower case and no longer than names are") {
  CHECK(as_asked("Example.ORG.") == "example.org");
  const std::string tail = std::string(60, 'b') + '.' + std::string(60, 'c') + '.' +
                           std::string(60, 'd') + '.' + std::string(60, 'e');
  CHECK(as_asked("left." + tail) == "left." + tail);
  CHECK(as_asked("leftmost.left." + tail) == "left." + tail);
  CHECK(as_asked(std::string(300, 'a')).size() == 300);
}

TEST_CASE("the domain of a sender has two labels at least") {
  for (const std::string domain : {"example.org", "Example.ORG", "example.org.", "a_b.c-d.example"})
    CHECK(is_sender_domain(domain));
  for (const std::string domain : {"", "localhost", "org.", "[192.0.2.1]", "a..org", "a b.org"}) {
    CAPTURE(domain);
    CHECK(!is_sender_domain(domain));
  }
}
