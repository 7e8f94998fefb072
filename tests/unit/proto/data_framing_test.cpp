#include "relay/proto/data_framing.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace std::string_literals;

struct Read {
  std::string content;
  std::string rest;  ///< what the reader left for the next command
  bool complete = false;
  bool too_big = false;
};

/// Feeds the chunks one after the other, as a driver does.
Read read(const std::vector<std::string_view>& chunks, std::uint64_t limit = 1000000) {
  smtp::ContentReader reader(limit);
  Read result;
  for (const auto chunk : chunks) {
    const std::size_t taken = reader.complete() ? 0 : reader.feed(chunk);
    result.rest += chunk.substr(taken);
  }
  result.complete = reader.complete();
  result.too_big = reader.too_big();
  if (result.complete) result.content = *reader.take();
  return result;
}

struct Row {
  std::string wire;
  std::string content;
};

const std::vector<Row> tricky{
    {".\r\n", ""},
    {"a\r\n.\r\n", "a\r\n"},
    {"\r\n.\r\n", "\r\n"},
    {"\r\n\r\n.\r\n", "\r\n\r\n"},
    {"..\r\n.\r\n", ".\r\n"},
    {"...\r\n.\r\n", "..\r\n"},
    {"a\r\n..b\r\n.c\r\n.\r\n", "a\r\n.b\r\nc\r\n"},
    {"a.\r\n.\r\n", "a.\r\n"},
    {"a\n.\nb\r\n.\r\n", "a\n.\nb\r\n"},
    {"a\n.\r\nb\r\n.\r\n", "a\n.\r\nb\r\n"},
    {"a\r\n.\nb\r\n.\r\n", "a\r\n\nb\r\n"},
    {"a\r.\rb\r\n.\r\n", "a\r.\rb\r\n"},
    {"a\r\n.\rb\r\n.\r\n", "a\r\n\rb\r\n"},
    {"a\r\n.\r\rb\r\n.\r\n", "a\r\n\r\rb\r\n"},
    {"a\r\n.\r\r\n.\r\n", "a\r\n\r\r\n"},
    {"a\r\r\n.\r\n", "a\r\r\n"},
    {"a\rx.\r\n.\r\n", "a\rx.\r\n"},
    {"a\rx..\r.\r\n.\r\n", "a\rx..\r.\r\n"},
    {"a\r\n\n.\r\n\r\n.\r\n", "a\r\n\n.\r\n\r\n"},
    {"a\r\n\0.\r\n\r\n.\r\n"s, "a\r\n\0.\r\n\r\n"s},
    {"\xC3\xBC\r\n.\xFF\r\n.\r\n", "\xC3\xBC\r\n\xFF\r\n"},
};

TEST_CASE("only CRLF.CRLF ends the content, wherever the chunks are cut") {
  for (const Row& row : tricky) {
    const std::string wire = row.wire + "QUIT\r\n";
    CAPTURE(row.wire);
    for (std::size_t cut = 0; cut <= wire.size(); ++cut) {
      for (std::size_t again = cut; again <= wire.size(); ++again) {
        const std::string_view all = wire;
        const Read result =
            read({all.substr(0, cut), all.substr(cut, again - cut), all.substr(again)});
        CAPTURE(cut);
        CAPTURE(again);
        REQUIRE(result.complete);
        REQUIRE(result.content == row.content);
        REQUIRE(result.rest == "QUIT\r\n");
      }
    }
  }
}

TEST_CASE("content that has no end yet is not complete, at any length") {
  for (const Row& row : tricky) {
    CAPTURE(row.wire);
    for (std::size_t length = 0; length < row.wire.size(); ++length) {
      const Read result = read({std::string_view(row.wire).substr(0, length)});
      CHECK_FALSE(result.complete);
      CHECK(result.rest == "");
    }
  }
}

TEST_CASE("the limit counts unstuffed octets, and the end is found behind it") {
  const std::string wire = "..345678\r\n.\r\nQUIT\r\n";  // nine octets of content
  CHECK(read({wire}, 9).content == ".345678\r\n");
  CHECK_FALSE(read({wire}, 9).too_big);
  const Read over = read({wire}, 8);
  CHECK(over.too_big);
  CHECK(over.complete);
  CHECK(over.content == "");
  CHECK(over.rest == "QUIT\r\n");
}

TEST_CASE("what is dropped is counted and not kept") {
  smtp::ContentReader reader(10);
  const std::string chunk(1000, 'x');
  for (int i = 0; i < 100; ++i) CHECK(reader.feed(chunk) == chunk.size());
  CHECK(reader.too_big());
  CHECK(reader.received() == 100000);
  CHECK(reader.feed("\r\n.\r\n") == 5);
  REQUIRE(reader.complete());
  CHECK(reader.take()->capacity() < 100);
}

TEST_CASE("a framed message is read back as it was") {
  const std::vector<std::string> messages{"",
                                          "a\r\n",
                                          ".\r\n",
                                          "..\r\n.\r\n",
                                          "a\r\n.\r\n",
                                          "a\r\n.b\r\n..\r\n",
                                          "\r\n",
                                          ".",
                                          "a\n.\nb\r\n"};
  for (const std::string& message : messages) {
    CAPTURE(message);
    const std::string framed = smtp::frame(message);
    const Read result = read({framed});
    REQUIRE(result.complete);
    CHECK(result.rest == "");
    const bool whole_lines = message.empty() || message.ends_with("\r\n");
    CHECK(result.content == message + (whole_lines ? "" : "\r\n"));
  }
}

TEST_CASE("framing doubles a dot only at the start of a line") {
  CHECK(smtp::frame("") == ".\r\n");
  CHECK(smtp::frame(".a\r\nb.\r\n.\r\n") == "..a\r\nb.\r\n..\r\n.\r\n");
  CHECK(smtp::frame("a\r\n\r\n.b") == "a\r\n\r\n..b\r\n.\r\n");
}

}  // namespace
