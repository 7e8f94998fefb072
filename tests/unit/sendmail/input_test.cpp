#include "relay/sendmail/input.hpp"

#include <doctest/doctest.h>

#include <string>

namespace {

std::string read(std::string_view text, bool dot_ends, std::size_t chunk) {
  sendmail::MessageInput input(dot_ends);
  for (std::size_t at = 0; at < text.size(); at += chunk) input.feed(text.substr(at, chunk));
  return input.take();
}

}  // namespace

TEST_SUITE("a message on standard input") {
  TEST_CASE("line ends become CRLF, whatever pieces it comes in") {
    struct Row {
      std::string_view text;
      bool dot_ends;
      std::string_view expected;
    };
    const Row rows[] = {
        {"a\nb\n", true, "a\r\nb\r\n"},
        {"a\r\nb\r\n", true, "a\r\nb\r\n"},
        {"a\r\nb\n\nc", true, "a\r\nb\r\n\r\nc\r\n"},
        {"", true, ""},
        {"\n", true, "\r\n"},
        {"a\n.\nb\n", true, "a\r\n"},
        {"a\r\n.\r\nb\n", true, "a\r\n"},
        {"a\n.\nb\n", false, "a\r\n.\r\nb\r\n"},
        {"a\n..\n.b\n", true, "a\r\n..\r\n.b\r\n"},
        {".", true, ""},
        {"a\n.", true, "a\r\n"},
        {"a\rb\n", true, "a\rb\r\n"},
    };
    for (const Row& row : rows) {
      for (const std::size_t chunk : {1U, 2U, 3U, 100U}) {
        CAPTURE(row.text);
        CAPTURE(chunk);
        CHECK(read(row.text, row.dot_ends, chunk) == row.expected);
      }
    }
  }

  TEST_CASE("a lone dot ends the reading at once") {
    sendmail::MessageInput input(true);
    input.feed("a\n.");
    CHECK_FALSE(input.ended());
    input.feed("\nrest");
    CHECK(input.ended());
    CHECK(input.take() == "a\r\n");
  }

  TEST_CASE("a message at the bound is taken, one over it is not") {
    const std::string line(998, 'x');
    sendmail::MessageInput exact(true);
    for (std::size_t i = 0; i < sendmail::max_message_octets / 1000; ++i) exact.feed(line + "\n");
    CHECK_FALSE(exact.too_big());
    exact.feed(line + "\n");
    CHECK(exact.too_big());
    CHECK(exact.ended());
    CHECK(exact.take().empty());
  }
}
